/**
 * Leader election by a Lease of coordination.k8s.io/v1, with the rules and times of client-go
 * (tools/leaderelection): of all replicas one allocates. Times are milliseconds by the replica's own
 * monotonic clock: a leader lives as long as its Lease changes, whatever times are written in it, so
 * clocks that differ or jump do no harm.
 */

/** The spec of a Lease, as far as the election uses it. */
export interface Lease {
  /** metadata.resourceVersion: a write that names an old one is refused. */
  readonly version: string
  /** The replica that leads; empty if the last one gave the Lease back. */
  readonly holder: string
  /** How often the Lease has gone from one replica to another. */
  readonly transitions: number
}

/** What a replica saw of the Lease, and since when it has been like this. */
export interface Sight {
  readonly lease: Lease
  readonly since: number
}

interface LeaseTimes {
  /** How long a Lease must stay unchanged before another replica may take it. */
  readonly duration: number
  /** How long after its last renewal the leader may still write. */
  readonly deadline: number
  /** The time between two attempts. */
  readonly period: number
}

export const leaseTimes: LeaseTimes = { duration: 15_000, deadline: 10_000, period: 2_000 }

/** What a replica does after it has looked at the Lease. */
export type Act = 'create' | 'take' | 'renew' | 'wait'

/** Returns what is known of the Lease after another look at it. */
export function look(before: Sight | undefined, lease: Lease, now: number): Sight {
  const since = before?.lease.version === lease.version ? before.since : now
  return { lease, since }
}

/** Returns what the replica does; `sight` is undefined if there is no Lease. */
export function actOn(sight: Sight | undefined, identity: string, now: number): Act {
  if (sight === undefined) return 'create'
  if (sight.lease.holder === identity) return 'renew'
  if (sight.lease.holder === '') return 'take'
  return now - sight.since >= leaseTimes.duration ? 'take' : 'wait'
}

/**
 * Returns whether a leader may write: its last renewal, counted from before the request was sent,
 * is younger than the deadline, which is well before another replica may take the Lease.
 */
export function mayWrite(renewedAt: number | undefined, now: number): boolean {
  return renewedAt !== undefined && now - renewedAt < leaseTimes.deadline
}
