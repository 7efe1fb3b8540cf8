import { ADDRESSES } from './catalogue-addresses.ts'
import { ANNOUNCING } from './catalogue-announcing.ts'
import { BGP } from './catalogue-bgp.ts'
import type { Entry } from './catalogue-entry.ts'
import { OF_INPUT } from './catalogue-input.ts'
import type { EventName } from './occurrence.ts'

/**
 * The shortest time between two log lines about changes by others, in milliseconds, so that a
 * process that changes the tables in a loop does not fill the disk.
 */
const FLOOD_MS = 10_000

/** Everything that nodelb logs: one event name per change of state. */
export const CATALOGUE: { readonly [Name in EventName]: Entry<Name> } = {
  ...OF_INPUT,
  'agent-started': { level: 'info', says: 'the agent started' },
  'agent-ready': { level: 'info', says: 'the first commit is made: all is programmed' },
  'agent-stopping': { level: 'info', says: 'the agent ends' },
  'kernel-committed': { level: 'debug', says: 'the kernel took a change' },
  'commit-failed': {
    level: 'error',
    says: 'the kernel did not take a change; the rules stay as they are',
    subject: () => 'commits',
    state: ({ reason }) => reason,
  },
  'commits-resumed': {
    level: 'info',
    says: 'the kernel takes changes again',
    subject: () => 'commits',
    ends: true,
  },
  'service-refused': {
    level: 'warn',
    says: 'the kernel refused a Service; the others go on',
    subject: ({ service }) => `service ${service}`,
    state: ({ reason }) => reason,
  },
  'service-accepted': {
    level: 'info',
    says: 'a Service that was refused is programmed, or gone',
    subject: ({ service }) => `service ${service}`,
    ends: true,
  },
  ...ADDRESSES,
  ...ANNOUNCING,
  ...BGP,
  'kernel-compared': { level: 'debug', says: 'the kernel holds what it should' },
  'drift-repaired': {
    level: 'warn',
    says: 'the kernel held something else; it is repaired',
    subject: () => 'drift',
    everyMs: FLOOD_MS,
  },
  'foreign-change': {
    level: 'warn',
    says: 'another process changed the tables of nodelb',
    subject: (occurrence) => `foreign ${occurrence.process}`,
    everyMs: FLOOD_MS,
  },
  'table-owned': {
    level: 'info',
    says: 'the kernel keeps other processes from changing the tables',
    subject: () => 'ownership',
  },
  'table-not-owned': {
    level: 'warn',
    says: 'the tables are not owned; changes by others are repaired instead',
    subject: () => 'ownership',
    state: ({ reason }) => reason,
  },
  'backend-chosen': {
    level: 'info',
    says: 'this backend programs the node',
    subject: () => 'backend chosen',
    state: ({ backend, reason }) => `${backend} ${reason}`,
  },
  'backend-replaced': {
    level: 'info',
    says: 'what another backend of nodelb had programmed is removed',
    subject: () => 'backend',
    everyMs: 0,
  },
  'backend-remains': {
    level: 'warn',
    says: 'what another backend of nodelb had programmed may still be there; it will be tried again',
    subject: () => 'backend',
    state: ({ reason }) => reason,
  },
  'kube-proxy-present': {
    level: 'warn',
    says: 'tables of kube-proxy are in the kernel, and so is all of nodelb (scope: all)',
    subject: () => 'kube-proxy',
    state: ({ tables }) => tables.join(' '),
  },
  'kube-proxy-gone': {
    level: 'info',
    says: 'no tables of kube-proxy are in the kernel any more',
    subject: () => 'kube-proxy',
    ends: true,
  },
  'flows-deleted': { level: 'debug', says: 'stale flows were deleted from conntrack' },
  'conntrack-failed': {
    level: 'warn',
    says: 'stale flows cannot be deleted',
    subject: () => 'conntrack',
    state: ({ reason }) => reason,
  },
  'conntrack-resumed': {
    level: 'info',
    says: 'stale flows are deleted again',
    subject: () => 'conntrack',
    ends: true,
  },
  'sysctl-set': { level: 'info', says: 'a sysctl is set as configured' },
  'sysctl-not-set': {
    level: 'warn',
    says: 'a sysctl is not as configured, and the agent may not set it',
    subject: ({ sysctl }) => `sysctl ${sysctl}`,
    state: ({ found }) => found,
  },
  'server-listening': {
    level: 'info',
    says: 'a server answers',
    subject: ({ server }) => `server ${server}`,
    state: ({ address }) => address,
  },
  'server-waiting': {
    level: 'error',
    says: 'a server cannot listen; it will try again',
    subject: ({ server }) => `server ${server}`,
    state: ({ address, reason }) => `${address} ${reason}`,
  },
  'kube-proxy-port-taken': {
    level: 'warn',
    says: 'a port that nodelb answers on in place of kube-proxy cannot be had; it will be tried again',
    subject: ({ server }) => `server ${server}`,
    state: ({ address, reason }) => `${address} ${reason}`,
  },
  'server-closed': {
    level: 'info',
    says: 'a server is not wanted any more',
    subject: ({ server }) => `server ${server}`,
    ends: true,
  },
  'health-check-waiting': {
    level: 'warn',
    says: 'a healthCheckNodePort cannot be opened; it will be tried again',
    subject: ({ port }) => `health-check ${port}`,
    state: ({ service, reason }) => `${service} ${reason}`,
  },
  'health-check-open': {
    level: 'info',
    says: 'a healthCheckNodePort could be opened after all, or is not wanted any more',
    subject: ({ port }) => `health-check ${port}`,
    ends: true,
  },
  'kubernetes-events-failed': {
    level: 'warn',
    says: 'Kubernetes Events cannot be sent',
    subject: () => 'kubernetes-events',
    state: ({ reason }) => reason,
  },
  'kubernetes-events-resumed': {
    level: 'info',
    says: 'Kubernetes Events are sent again',
    subject: () => 'kubernetes-events',
    ends: true,
  },
  'node-status-not-written': {
    level: 'info',
    says: 'the NodelbNodeStatus of this node does not say how it fares; it will be tried again',
    subject: () => 'node status',
    state: ({ reason }) => reason,
  },
  'node-status-written': {
    level: 'info',
    says: 'the NodelbNodeStatus of this node says again how it fares',
    subject: () => 'node status',
    ends: true,
  },
  'log-lines-lost': { level: 'warn', says: 'lines of this log could not be written' },
  bug: { level: 'error', says: 'a bug; please report it' },
}
