import type { Entry } from './catalogue-entry.ts'
import type { EventName } from './occurrence.ts'

/** The part of the catalogue about the addresses of Services: given, asked for, and not had. */
export const ADDRESSES: { readonly [Name in AddressEvent]: Entry<Name> } = {
  'address-contested': {
    level: 'warn',
    says: 'two Services ask for one address; the one that goes before has it',
    subject: ({ service, address }) => `address ${service} ${address}`,
    state: ({ winner }) => winner,
  },
  'address-refused': {
    level: 'warn',
    says: 'a Service asks for an address that it may not have; the rest of it is served',
    subject: ({ service, address }) => `address ${service} ${address}`,
    state: ({ reason }) => reason,
  },
  'address-settled': {
    level: 'info',
    says: 'an address is contested or refused no more',
    subject: ({ service, address }) => `address ${service} ${address}`,
    ends: true,
  },
  'more-addresses-denied': {
    level: 'warn',
    says: 'so many addresses of a Service are contested or refused beyond those reported one by one',
    subject: ({ service }) => `addresses ${service}`,
    state: ({ addresses }) => String(addresses),
  },
  'no-more-addresses-denied': {
    level: 'info',
    says: 'no addresses of a Service are contested or refused beyond those reported one by one',
    subject: ({ service }) => `addresses ${service}`,
    ends: true,
  },
  'ports-held': {
    level: 'warn',
    says: 'something on the node listens on `ports` that are served for a Service: it gets no connections there',
    subject: ({ service }) => `ports ${service}`,
    state: ({ ports }) => ports.join(' '),
  },
  'ports-free': {
    level: 'info',
    says: 'nothing on the node listens on ports of a Service any more, or they are not served any more',
    subject: ({ service }) => `ports ${service}`,
    ends: true,
  },
  'addresses-changed': {
    level: 'info',
    says: 'a Service has other addresses than before (`addresses`, `before`, and the `reason`)',
  },
  'allocation-problem': {
    level: 'warn',
    says: 'a Service waits for an address, or something about addresses should be settled by a person',
    subject: ({ object }) => `allocation ${object}`,
    state: ({ problems }) => problems.join('\n'),
  },
  'allocation-in-order': {
    level: 'info',
    says: 'nothing about the addresses of an object has to be settled any more',
    subject: ({ object }) => `allocation ${object}`,
    ends: true,
  },
  'addresses-not-saved': {
    level: 'warn',
    says: 'the addresses of Services cannot be saved, so a restart may change them; it will be tried again',
    subject: () => 'addresses saved',
    state: ({ reason }) => reason,
  },
  'addresses-saved': {
    level: 'info',
    says: 'the addresses of Services are saved again',
    subject: () => 'addresses saved',
    ends: true,
  },
  'addresses-not-read': {
    level: 'warn',
    says: 'saved addresses of Services cannot be read; a copy of the file is kept when it is replaced',
    subject: ({ file }) => `addresses ${file}`,
    state: ({ reason }) => reason,
  },
}

type AddressEvent = Extract<
  EventName,
  | 'address-contested'
  | 'address-refused'
  | 'address-settled'
  | 'more-addresses-denied'
  | 'no-more-addresses-denied'
  | 'ports-held'
  | 'ports-free'
  | 'addresses-changed'
  | 'allocation-problem'
  | 'allocation-in-order'
  | 'addresses-not-saved'
  | 'addresses-saved'
  | 'addresses-not-read'
>
