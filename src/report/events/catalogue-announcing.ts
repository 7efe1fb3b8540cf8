import type { SpeakerNews } from '../../speaker/news.ts'
import type { Entry } from './catalogue-entry.ts'

/** The part of the catalogue about announcing addresses on layer 2. */
export const ANNOUNCING: { readonly [Name in AnnouncingEvent]: Entry<Name> } = {
  'responder-chosen': {
    level: 'info',
    says: 'this answers who asks for an announced address: the kernel, or else the agent, and why',
    subject: () => 'responder',
    state: ({ responder, reason }) => `${responder} ${reason}`,
  },
  'announcing-failed': {
    level: 'error',
    says: 'nothing can be announced; what the kernel answers for goes on until its time runs out',
    subject: () => 'announcing',
    state: ({ reason }) => reason,
  },
  'announcing-resumed': {
    level: 'info',
    says: 'addresses are announced again',
    subject: () => 'announcing',
    ends: true,
  },
  'announcing-interrupted': {
    level: 'warn',
    says: 'the agent did not run for longer than `hold`, so its node had fallen silent',
  },
  'announce-taken': {
    level: 'info',
    says: 'this node now answers for an address; `from` had it before, or no node answered',
    subject: spotOf,
  },
  'announce-given': {
    level: 'info',
    says: 'this node no longer answers for an address; `to` answers now, or no node is allowed to',
    subject: spotOf,
  },
  'announce-held': {
    level: 'info',
    says: 'this node is to answer for an address, and waits for the one that still does (`holder`)',
    subject: spotOf,
    state: ({ mac }) => String(mac),
  },
  'announce-conflict': {
    level: 'warn',
    says: 'this node does not answer for an address, because one that is no node has it (`mac`)',
    subject: spotOf,
    state: ({ mac }) => mac,
  },
  'announce-refused': {
    level: 'warn',
    says: 'this node does not answer for an address: it could not be programmed, or the network not be asked',
    subject: spotOf,
  },
  'announce-withdrawn': {
    level: 'warn',
    says: 'this node stopped answering for an address, because another member answers or may answer, too',
    subject: spotOf,
    state: ({ mac }) => String(mac),
  },
  'announce-disputed': {
    level: 'warn',
    says: 'a stranger claims an address for which this node answers',
    subject: (occurrence) => `disputed ${spotOf(occurrence)}`,
    state: ({ mac }) => mac,
  },
  'announce-undisputed': {
    level: 'info',
    says: 'this node answers for an address, and a stranger that had or claimed it (`mac`) does not any more: it was asked',
    subject: (occurrence) => `disputed ${spotOf(occurrence)}`,
    ends: true,
  },
  'service-announced': {
    level: 'info',
    says: 'this node has begun to announce addresses of a Service',
    subject: ({ service }) => `announced ${service}`,
  },
  'service-not-announced': {
    level: 'info',
    says: 'this node announces no address of a Service any more',
    subject: ({ service }) => `announced ${service}`,
  },
  'statuses-not-written': {
    level: 'warn',
    says: 'the ServiceL2Statuses do not say what this node announces; it will be tried again',
    subject: () => 'statuses',
    state: ({ reason }) => reason,
  },
  'statuses-written': {
    level: 'info',
    says: 'the ServiceL2Statuses say again what this node announces',
    subject: () => 'statuses',
    ends: true,
  },
  'configuration-state-not-written': {
    level: 'warn',
    says: 'the ConfigurationState of this node does not say whether the objects of announcing are as they should be; it will be tried again',
    subject: () => 'configuration state',
    state: ({ reason }) => reason,
  },
  'configuration-state-written': {
    level: 'info',
    says: 'the ConfigurationState of this node says again whether the objects of announcing are as they should be',
    subject: () => 'configuration state',
    ends: true,
  },
  'interface-refused': {
    level: 'warn',
    says: 'nothing can be announced on an interface; the others go on',
    subject: ({ interface: name }) => `interface ${name}`,
    state: ({ reason }) => reason,
  },
  'interface-accepted': {
    level: 'info',
    says: 'addresses can be announced on an interface again, or it is gone',
    subject: ({ interface: name }) => `interface ${name}`,
    ends: true,
  },
  'member-changed': {
    level: 'info',
    says: 'what is known of the agent of another Node: `live`, `stale`, `leaving` or `dead`',
    subject: ({ member }) => `member ${member}`,
    state: ({ state }) => state,
  },
  'members-problem': {
    level: 'warn',
    says: 'the agents of the Nodes cannot hear each other as they should; addresses stay where they are',
    subject: ({ about }) => `members ${about}`,
    state: ({ reason }) => reason,
  },
  'members-in-order': {
    level: 'info',
    says: 'the agents of the Nodes can hear each other again',
    subject: ({ about }) => `members ${about}`,
    ends: true,
  },
  'announce-problem': {
    level: 'warn',
    says: 'something about the announcing of addresses should be settled by a person',
    subject: ({ object }) => `announcing ${object}`,
    state: ({ problems }) => problems.join('\n'),
  },
  'announce-in-order': {
    level: 'info',
    says: 'nothing about the announcing of an object has to be settled any more',
    subject: ({ object }) => `announcing ${object}`,
    ends: true,
  },
}

type AnnouncingEvent = Exclude<SpeakerNews['event'], 'bug'>

function spotOf({ address, interface: name }: { address: string; interface: string }): string {
  return `${name} ${address}`
}
