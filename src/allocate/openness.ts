import { type Address, familyOf } from '../model/address.ts'
import { selects } from '../model/label-selector.ts'
import type { Claimant, Pool } from './world.ts'

/** What of a Service a pool's serviceAllocation does not select, or that it cannot be read. */
export type ClosedBy = 'namespace' | 'labels' | 'unread'

/** Returns why a pool is closed to a Service; undefined if it is open. */
export function closedBy(
  { audience }: Pool,
  { namespace, labels }: Claimant,
): ClosedBy | undefined {
  if (audience === undefined) return undefined
  if (audience.unread) return 'unread'
  if (audience.namespaces?.has(namespace) === false) return 'namespace'
  const { services } = audience
  const isSelected = services.length === 0 || services.some((each) => selects(each, labels))
  return isSelected ? undefined : 'labels'
}

/**
 * Returns whether a pool has an address without giving it (avoidBuggyIPs): old routers take IPv4
 * addresses that end in .0 or .255 for those of a network and its broadcast.
 */
export function avoids({ avoidsEnds }: Pool, address: Address): boolean {
  return avoidsEnds && familyOf(address) === 'ipv4' && /\.(?:0|255)$/.test(address)
}
