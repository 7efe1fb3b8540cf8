import type { Scheduler } from '../../model/ipvs.ts'
import { SCHEDULER_FLAG } from '../../ruleset/ipvs/types.ts'

/**
 * sh and mh refuse a client whose destination takes no connections, unless told to fall back. mh
 * counts the client's port, as with kube-proxy: its clients would else all be of one node.
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

/** All endpoints are equal. ovf fills one up to its weight in connections before it takes another. */
export function weightOf(scheduler: Scheduler): number {
  return scheduler === 'ovf' ? LARGEST_WEIGHT : 1
}

const LARGEST_WEIGHT = 65_535 // The most that ipvsadm takes.

/** Whether destinations of weight 0 are passed over; dh refuses the client where it meets one. */
export function sparesQuiet(scheduler: Scheduler): boolean {
  return scheduler !== 'dh'
}
