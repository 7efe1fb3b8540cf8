import { type Address, addressOf, familyOf, toBigInt } from '../model/address.ts'
import type { AddressRange } from '../model/address-range.ts'
import { byText } from '../model/compare-text.ts'
import type { AllocationProblem } from './allocation.ts'
import type { AllocationObjects } from './decide.ts'
import type { CandidateNode } from './nodes-world.ts'
import { closedBy } from './openness.ts'
import { poolsByName } from './order.ts'
import { addressesOf } from './places.ts'
import { poolsOf } from './pool-objects.ts'
import type { Claimant, Pool } from './world.ts'

/**
 * Returns what of pools may not be as it was meant, in order of name. All of it is allowed, and may be
 * meant for Services that are still to come, so it is reported only on request.
 */
export function poolHints(objects: AllocationObjects): readonly AllocationProblem[] {
  const claimants = objects.services.flatMap((each) =>
    each.kind === 'claimant' ? [each.claimant] : [],
  )
  const namespaces = namespacesOf(objects, claimants)
  const routers = likelyRouters(objects.nodes)
  return poolsOf(objects.pools, objects.namespaces)
    .pools.toSorted(poolsByName)
    .flatMap((pool) =>
      [
        ...idleMessages(pool, namespaces, claimants),
        ...endMessages(pool),
        ...routerMessages(pool, routers),
      ].map((message) => ({ object: `IPAddressPool/${pool.name}`, message })),
    )
}

/**
 * Returns the namespaces that there are, also those that have no object; undefined without
 * any object, since manifests often have none.
 */
function namespacesOf(
  { namespaces }: AllocationObjects,
  claimants: readonly Claimant[],
): ReadonlySet<string> | undefined {
  if (namespaces.length === 0) return undefined
  return new Set([...namespaces.map(({ name }) => name), ...claimants.map((it) => it.namespace)])
}

/** A pool that is closed to all is left out here: that is a problem, and reported as one. */
function idleMessages(
  pool: Pool,
  namespaces: ReadonlySet<string> | undefined,
  claimants: readonly Claimant[],
): readonly string[] {
  const { audience } = pool
  const names = [...(audience?.namespaces ?? [])]
  if (names.length > 0 && namespaces && !names.some((each) => namespaces.has(each))) {
    return [
      `None of its namespaces exists (${names.sort().join(', ')}), so no Service gets an address from this pool`,
    ]
  }
  const closed = claimants.map((each) => closedBy(pool, each))
  if (closed.includes(undefined) || !closed.includes('labels')) return []
  return [
    'Its serviceSelectors match the labels of no Service, so none gets an address from this pool; they look at metadata.labels, not at spec.selector',
  ]
}

function endMessages({ ranges, avoidsEnds }: Pool): readonly string[] {
  const end = avoidsEnds ? undefined : ranges.map(firstEnd).find((each) => each !== undefined)
  if (end === undefined) return []
  return [
    `It gives ${end} like any other address, but old routers take IPv4 addresses that end in .0 or .255 for those of a network and its broadcast; avoidBuggyIPs: true leaves them out`,
  ]
}

/** Returns the first IPv4 address of a range that ends in .0 or .255; undefined if there is none. */
function firstEnd({ family, first, last }: AddressRange): Address | undefined {
  if (family !== 'ipv4') return undefined
  const end = first % 256n === 0n ? first : first | 255n
  return end <= last ? addressOf(family, end) : undefined
}

/** An address that is likely to be a router's, as number, and a Node in its network. */
interface LikelyRouter {
  readonly value: bigint
  readonly node: string
}

/**
 * Returns the first and the last address but one of the /24 of each Node, where most networks have their
 * router. A Node does not tell how large its network is. Addresses of Nodes are never given, so they are
 * not among them.
 */
function likelyRouters(nodes: readonly CandidateNode[]): readonly LikelyRouter[] {
  const own = new Set(nodes.flatMap(addressesOf))
  const found = new Map<bigint, LikelyRouter>()
  for (const { name: node, internal } of nodes.toSorted(byText(({ name }) => name))) {
    for (const address of internal.filter((each) => familyOf(each) === 'ipv4')) {
      const network = (toBigInt(address) >> 8n) << 8n
      for (const value of [network + 1n, network + 254n]) {
        const isTold = found.has(value) || own.has(addressOf('ipv4', value))
        if (!isTold) found.set(value, { value, node })
      }
    }
  }
  return [...found.values()]
}

function routerMessages({ ranges }: Pool, routers: readonly LikelyRouter[]): readonly string[] {
  const router = routers.find(({ value }) =>
    ranges.some((each) => each.family === 'ipv4' && each.first <= value && value <= each.last),
  )
  if (router === undefined) return []
  const address = addressOf('ipv4', router.value)
  return [
    `It gives ${address}, which is the router in many networks like that of Node ${router.node}; if it is, take it out of the pool`,
  ]
}
