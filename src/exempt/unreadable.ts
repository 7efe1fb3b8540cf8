import { type Owner, ownerOf } from '../frontend/label-text.ts'
import type { Cluster } from '../model/service.ts'
import { type ServiceName, serviceName } from '../model/service-name.ts'
import type { KernelRuleset } from '../ruleset/nftables/types.ts'
import { programmed } from './element-diff.ts'

/** The objects that could be read, and what is known of the others. */
export interface ReadCluster {
  readonly cluster: Cluster
  /** Services that cannot be read: what the kernel holds of them stays. */
  readonly unreadable?: ReadonlySet<ServiceName>
  /** Part of the input cannot be read: what the kernel holds stays unless the rest names it. */
  readonly incomplete?: boolean
}

/** Returns whether Services may have to stay as the kernel has them. */
export function mayExempt({ unreadable, incomplete = false }: ReadCluster): boolean {
  return incomplete || (unreadable?.size ?? 0) > 0
}

/**
 * Returns the Services that stay as the tables have them because they cannot be read. A partly read
 * Service that is not in the tables yet is not among them, because a part of it is better than
 * nothing.
 */
export function unreadableInTables(kernel: KernelRuleset, read: ReadCluster): ReadonlySet<Owner> {
  return mayExempt(read) ? unreadableAmong(programmed(kernel), read) : new Set()
}

/** Returns the programmed Services that are not in the cluster, or are there but cannot be read. */
export function unreadableAmong(
  there: ReadonlySet<Owner>,
  { cluster, unreadable = new Set(), incomplete = false }: ReadCluster,
): ReadonlySet<Owner> {
  const unread = new Set([...unreadable].map(ownerOf))
  const known = incomplete ? withEndpoints(cluster) : undefined
  return new Set([...there].filter((owner) => unread.has(owner) || known?.has(owner) === false))
}

/** Returns the Services whose object and at least one slice could be read. */
function withEndpoints({ services, slices }: Cluster): ReadonlySet<Owner> {
  const sliced = new Set(slices.map(({ namespace, service }) => `${namespace}/${service}`))
  const names = services.map(serviceName).filter((name) => sliced.has(name))
  return new Set(names.map(ownerOf))
}
