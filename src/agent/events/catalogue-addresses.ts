import type { Entry } from './catalogue-entry.ts'
import type { EventName } from './occurrence.ts'

/** The part of the catalogue about addresses that Services ask for and do not get. */
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
    says: 'so many more addresses of a Service are contested or refused than are told one by one',
    subject: ({ service }) => `addresses ${service}`,
    state: ({ addresses }) => String(addresses),
  },
  'no-more-addresses-denied': {
    level: 'info',
    says: 'no more addresses of a Service are contested or refused than are told one by one',
    subject: ({ service }) => `addresses ${service}`,
    ends: true,
  },
}

type AddressEvent = Extract<
  EventName,
  | 'address-contested'
  | 'address-refused'
  | 'address-settled'
  | 'more-addresses-denied'
  | 'no-more-addresses-denied'
>
