import type { BgpNews } from '../../speaker/bgp/news.ts'
import type { Entry } from './catalogue-entry.ts'

/** The part of the catalogue about announcing addresses by BGP. */
export const BGP: { readonly [Name in BgpNews['event']]: Entry<Name> } = {
  'bgp-engine-ready': {
    level: 'info',
    says: 'FRR is configured to announce what the objects say, which took so many `operations`',
    subject: () => 'bgp engine',
  },
  'bgp-engine-lost': {
    level: 'error',
    says: 'FRR cannot be configured, so its routes stay as they are, or are gone with it; it will be tried again',
    subject: () => 'bgp engine',
    state: ({ reason }) => reason,
  },
  'bgp-configured': {
    level: 'info',
    says: 'FRR was told of a change; `resets` has what of it resets or ends sessions',
  },
  'bgp-drift-repaired': {
    level: 'warn',
    says: 'what nodelb had configured in FRR was found changed, and was restored',
  },
  'bgp-service-announced': {
    level: 'info',
    says: 'FRR announces a Service to these `peers`; it reaches those with a session; `began` is false if it was announced before',
    subject: ({ service }) => `bgp announced ${service}`,
    state: ({ peers }) => peers.join(' '),
  },
  'bgp-service-not-announced': {
    level: 'info',
    says: 'FRR announces a Service no more',
    subject: ({ service }) => `bgp announced ${service}`,
  },
  'bgp-session-up': {
    level: 'info',
    says: 'the session with a peer has come about',
    subject: ({ peer }) => `bgp session ${peer}`,
  },
  'bgp-session-down': {
    level: 'warn',
    says: 'the session with a peer has ended, so it has no routes of this node; FRR goes on trying',
    subject: ({ peer }) => `bgp session ${peer}`,
    state: ({ state }) => state,
  },
  'bgp-problem': {
    level: 'warn',
    says: 'something about announcing by BGP should be settled by a person',
    subject: ({ object }) => `bgp ${object}`,
    state: ({ problems }) => problems.join('\n'),
  },
  'bgp-in-order': {
    level: 'info',
    says: 'nothing about the announcing of an object by BGP has to be settled any more',
    subject: ({ object }) => `bgp ${object}`,
    ends: true,
  },
  'bgp-draining': {
    level: 'info',
    says: 'all routes ask to be avoided (GRACEFUL_SHUTDOWN), and go after `graceMs`',
  },
  'bgp-withdrawn': {
    level: 'info',
    says: 'all routes of this node were taken back',
  },
  'bgp-statuses-not-written': {
    level: 'warn',
    says: 'the ServiceBGPStatuses do not say what this node announces; it will be tried again',
    subject: () => 'bgp statuses',
    state: ({ reason }) => reason,
  },
  'bgp-statuses-written': {
    level: 'info',
    says: 'the ServiceBGPStatuses say again what this node announces',
    subject: () => 'bgp statuses',
    ends: true,
  },
  'bgp-secrets-unread': {
    level: 'warn',
    says: 'Secrets that BGPPeers name cannot be read; sessions keep the passwords that they have',
    subject: () => 'bgp secrets',
    state: ({ reason }) => reason,
  },
  'bgp-secrets-read': {
    level: 'info',
    says: 'the Secrets that BGPPeers name can be read again',
    subject: () => 'bgp secrets',
    ends: true,
  },
}
