import type { Scheduler } from '../../model/ipvs.ts'
import { SCHEDULER_FLAG } from '../../ruleset/ipvs/types.ts'

/**
 * Returns the flags of a scheduler. Without `fallback`, sh and mh refuse a client whose destination
 * takes no connections. mh also hashes the client's port, as with kube-proxy: all connections from
 * one address, such as a node's, would go to one endpoint otherwise.
 */
export function schedulerFlags(scheduler: Scheduler): number {
  switch (scheduler) {
    case 'sh':
      return SCHEDULER_FLAG.fallback
    case 'mh':
      return SCHEDULER_FLAG.fallback | SCHEDULER_FLAG.port
    default:
      return 0
  }
}

/**
 * Returns the weight of all endpoints, which is equal. ovf fills an endpoint up to its weight in
 * connections before it uses the next.
 */
export function weightOf(scheduler: Scheduler): number {
  return scheduler === 'ovf' ? LARGEST_WEIGHT : 1
}

const LARGEST_WEIGHT = 65_535 // The most that ipvsadm takes.

/** Returns whether destinations of weight 0 are passed over; dh refuses a client that meets one. */
export function sparesQuiet(scheduler: Scheduler): boolean {
  return scheduler !== 'dh'
}
