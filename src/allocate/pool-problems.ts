import type { AllocationProblem, PoolUsage } from './allocation.ts'
import type { Draft } from './draft.ts'
import { poolsByName } from './order.ts'
import { familyNames } from './print-pool-refusal.ts'
import type { Territory } from './territory.ts'

/** Returns what is wrong with pools, in order of name. */
export function poolProblems(
  draft: Draft,
  usage: readonly PoolUsage[],
): readonly AllocationProblem[] {
  const nodes = nodesInPools(draft)
  return draft.territories.all
    .toSorted((a, b) => poolsByName(a.pool, b.pool))
    .flatMap((territory) => {
      const { name } = territory.pool
      const own = usage.filter(({ pool }) => pool === name)
      const object = `IPAddressPool/${name}`
      const wrong = [
        ...overlapMessages(territory),
        ...nodeMessages(nodes.get(territory) ?? []),
        ...emptyMessages(own),
      ]
      const full = own.flatMap((each) => {
        return fullMessages(each, own.length > 1, draft.world.nearlyFull)
      })
      return [
        ...wrong.map((message) => ({ object, message })),
        ...full.map((message) => ({ object, message, isUsage: true as const })),
      ]
    })
}

function overlapMessages({ losesTo: [oldest, ...others] }: Territory): readonly string[] {
  if (oldest === undefined) return []
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return [
    `It overlaps with IPAddressPool ${oldest.name}${more}, which came first and alone gives the common addresses; take them out of one of the two`,
  ]
}

interface NodeAddress {
  readonly address: string
  readonly node: string
}

function nodesInPools({
  world,
  territories,
}: Draft): ReadonlyMap<Territory, readonly NodeAddress[]> {
  const found = new Map<Territory, NodeAddress[]>()
  for (const [address, reservation] of world.reserved) {
    const territory = territories.at(address)
    if (territory === undefined || reservation.kind !== 'node') continue
    const own = found.get(territory) ?? []
    own.push({ address, node: reservation.node })
    found.set(territory, own)
  }
  return found
}

function nodeMessages(addresses: readonly NodeAddress[]): readonly string[] {
  const [first, ...others] = addresses.toSorted((a, b) => (a.address < b.address ? -1 : 1))
  if (first === undefined) return []
  if (others.length === 0) {
    return [
      `It contains ${first.address}, which is an address of Node ${first.node} and is not given; take it out of the pool`,
    ]
  }
  return [
    `It contains ${others.length + 1} addresses of Nodes, among them ${first.address} of Node ${first.node}, and they are not given; take them out of the pool`,
  ]
}

function emptyMessages(usage: readonly PoolUsage[]): readonly string[] {
  return usage.every(({ size }) => size === 0n) ? ['It has no addresses to give'] : []
}

/** Names the family only where the pool has both. */
function fullMessages(
  { size, held, family }: PoolUsage,
  isDual: boolean,
  nearlyFull: number,
): readonly string[] {
  const used = BigInt(held)
  if (size === 0n || used * 100n < size * BigInt(nearlyFull)) return []
  const addresses = isDual ? `${familyNames[family]} addresses` : 'addresses'
  if (used < size) {
    const percent = Math.min(99, Math.round((held * 100) / Number(size)))
    return [`${held} of ${size} ${addresses} are in use (${percent} %)`]
  }
  if (size > 1n) return [`All ${size} ${addresses} are in use`]
  return [
    isDual ? `Its only ${familyNames[family]} address is in use` : 'Its only address is in use',
  ]
}
