import { announce, type Here } from './announce.ts'
import type { Eligibility } from './eligibility.ts'
import { hashOrders } from './order.ts'
import type { Spot } from './spot.ts'

type Members = Parameters<typeof announce>[2]

/** Returns members that all run and are settled, as far as objects alone can tell. */
export function allLive(nodes: readonly string[]): Members {
  return nodes.map((node) => ({ node, state: 'live', settled: true }))
}

/** Returns where this node answers while all Nodes run and are settled. */
export function spotsIfAllLive(
  eligibility: Pick<Eligibility, 'addresses'>,
  { node, links }: Pick<Here, 'node' | 'links'>,
  nodes: readonly string[],
): readonly Spot[] {
  const here = { node, links, state: 'live', settled: true } as const
  return announce(eligibility, here, allLive(nodes), hashOrders()).flatMap(
    ({ address, owner, interfaces }) =>
      owner === node ? interfaces.map((name) => ({ address, interface: name })) : [],
  )
}
