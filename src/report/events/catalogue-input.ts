import type { Entry } from './catalogue-entry.ts'

/** The occurrences about the agent's input: configuration, objects, and the node. */
type OfInput =
  | 'configuration-loaded'
  | 'configuration-refused'
  | 'configuration-waits'
  | 'configuration-failed'
  | 'watch-listing'
  | 'watch-following'
  | 'watch-lost'
  | 'source-problem'
  | 'source-in-order'
  | 'object-invalid'
  | 'object-noted'
  | 'object-in-order'
  | 'condition-found'
  | 'condition-gone'
  | 'node-missing'
  | 'node-found'
  | 'node-leaving'
  | 'node-staying'

/**
 * The shortest time between two log lines about something that is tried again and again, in
 * milliseconds.
 */
const RETOLD_MS = 10_000

/** The part of the catalogue about the agent's input. */
export const OF_INPUT: { readonly [Name in OfInput]: Entry<Name> } = {
  'configuration-loaded': { level: 'info', says: 'a configuration is in force' },
  'configuration-refused': {
    level: 'error',
    says: 'a configuration cannot be used; the one before it stays in force',
    subject: ({ source }) => `configuration ${source}`,
    state: ({ reason }) => reason,
  },
  'configuration-waits': {
    level: 'warn',
    says: 'a configuration waits for something; the one before it stays in force',
  },
  'configuration-failed': {
    level: 'error',
    says: 'a configuration cannot be put in force; the one before it stays, until the next try',
    subject: () => 'configuration failed',
    state: ({ reason }) => reason,
    everyMs: RETOLD_MS,
  },
  'watch-listing': { level: 'debug', says: 'objects are listed' },
  'watch-following': {
    level: 'info',
    says: 'objects are followed',
    subject: ({ resource }) => `watch ${resource}`,
  },
  'watch-lost': {
    level: 'warn',
    says: 'objects cannot be followed; the rules stay as they are',
    subject: ({ resource }) => `watch ${resource}`,
    state: ({ reason }) => reason,
  },
  'source-problem': {
    level: 'warn',
    says: 'part of the input cannot be read',
    subject: () => 'source',
    state: ({ problems }) => problems.join('\n'),
  },
  'source-in-order': {
    level: 'info',
    says: 'all of the input can be read',
    subject: () => 'source',
    ends: true,
  },
  'object-invalid': {
    level: 'warn',
    says: 'an object, or a part of it, cannot be used',
    subject: ({ object }) => `object ${object}`,
    state: ({ problems }) => problems.join('\n'),
  },
  'object-noted': {
    level: 'info',
    says: 'an object is used, but not as written',
    subject: ({ object }) => `object ${object}`,
    state: ({ problems }) => problems.join('\n'),
  },
  'object-in-order': {
    level: 'info',
    says: 'an object is in order again',
    subject: ({ object }) => `object ${object}`,
    ends: true,
  },
  'condition-found': {
    level: 'warn',
    says: 'something about the node needs attention; the rules stay in force',
    subject: ({ condition }) => `condition ${condition}`,
    state: ({ messages }) => messages.join('\n'),
  },
  'condition-gone': {
    level: 'info',
    says: 'something about the node is in order again',
    subject: ({ condition }) => `condition ${condition}`,
    ends: true,
  },
  'node-missing': {
    level: 'warn',
    says: 'there is no Node of this name; nothing is changed until there is',
    subject: () => 'node-object',
  },
  'node-found': {
    level: 'info',
    says: 'the Node is there',
    subject: () => 'node-object',
    ends: true,
  },
  'node-leaving': {
    level: 'info',
    says: 'the node is about to go: /healthz asks balancers to send new connections elsewhere',
    subject: () => 'node',
  },
  'node-staying': {
    level: 'info',
    says: 'the node stays after all',
    subject: () => 'node',
    ends: true,
  },
}
