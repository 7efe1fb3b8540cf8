import { type Address, addressBytes, familyOf } from '../model/address.ts'
import { compareText } from '../model/compare-text.ts'
import { present } from '../model/present.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { Allocation, AllocationProblem, Grant } from './allocation.ts'
import { contest } from './host-ports.ts'
import { type Bid, type Candidate, candidateOf, type Offer } from './node-candidates.ts'
import { fitnessAmong, isExcluded } from './node-fitness.ts'
import type { BarredNode } from './node-reason.ts'
import type { CandidateNode, NodeClaimant, NodesWorld } from './nodes-world.ts'
import { byAge, byName } from './order.ts'
import { addressesOf, type Place, placesOf } from './places.ts'
import { printReason } from './print-reason.ts'

/** What a Service has won, and the Nodes that it lost to others. */
interface Result {
  readonly offers: readonly Offer[]
  readonly lost: readonly BarredNode[]
}

const NOTHING: Result = { offers: [], lost: [] }

/**
 * Returns which addresses of Nodes each Service has, in the way of k3s ServiceLB
 * (pkg/cloudprovider/servicelb.go). A port of a Node goes to the Service that has it already, else to
 * the oldest; a Service that collides on some Nodes gets the others. The addresses are in the order of the
 * Service's families, and within a family in the order of their numbers.
 *
 * A Service takes a port only where its status has the address, so what is held can be read from the
 * statuses alone, and allocating again changes nothing.
 */
export function allocateNodes({ claimants, nodes }: NodesWorld): Allocation {
  const sorted = nodes.toSorted((a, b) => compareText(a.name, b.name))
  const kept = keptBy(sorted)
  const asking = claimants.filter((each) => kept(each) === undefined).toSorted(byAge)
  const places = placesOf(sorted)
  const fitness = fitnessAmong(sorted)
  const candidates = asking.map((claimant) => candidateOf(claimant, places, fitness))
  const outside = settle(candidates.flatMap(({ external }) => external))
  // An ExternalIP lost to another Service leaves the Nodes without one, as for ServiceLB.
  const others = candidates.filter((each) => isOpen(each) && !outside.get(each.name)?.offers.length)
  const inside = settle(others.flatMap(({ internal }) => internal))
  const ordered = inOrder(sorted.flatMap(addressesOf))
  const granted = candidates.map((each) => {
    return grantOf(
      each,
      [outside.get(each.name) ?? NOTHING, inside.get(each.name) ?? NOTHING],
      ordered,
    )
  })
  const left = claimants.flatMap((each) => kept(each) ?? [])
  const grants = [...granted, ...left].toSorted(byName)
  const problems = [...sorted.flatMap(problemsOf), ...left.flatMap(strandedProblems)]
  return { grants, problems, usage: [] }
}

/** Returns a problem for each address whose pool is gone: Nodes do not take its place. */
function strandedProblems({ namespace, name, addresses }: Grant): readonly AllocationProblem[] {
  return addresses.flatMap(({ address, pool }) => {
    if (pool === undefined) return []
    const message = printReason({ kind: 'stranded', address, pool, why: { kind: 'pool-gone' } })
    return [{ object: `Service/${namespace}/${name}`, message }]
  })
}

/** Returns what a Service keeps without asking any Node; undefined for all that ask. */
function keptBy(nodes: readonly CandidateNode[]): (claimant: NodeClaimant) => Grant | undefined {
  const ofNodes = new Set(nodes.flatMap(addressesOf))
  return ({ namespace, name, held }) => {
    const pool = held.find(({ address, pool }) => pool !== undefined && !ofNodes.has(address))?.pool
    if (pool === undefined && nodes.length > 0) return undefined
    const reason = pool ? ({ kind: 'pool-address-kept', pool } as const) : NO_NODES
    return { namespace, name, addresses: [...held], reason }
  }
}

const NO_NODES = { kind: 'no-nodes-known' } as const

/** Returns whether addresses without an ExternalIP count for a Service. */
function isOpen({ type, external }: Candidate): boolean {
  return type === 'InternalIP' || external.length > 0
}

/** Returns what each Service wins and loses; the bids are in order of age. */
function settle(bids: readonly Bid[]): ReadonlyMap<ServiceName, Result> {
  const atPlace = new Map<Place, Bid[]>()
  for (const bid of bids) {
    const others = atPlace.get(bid.place)
    if (others === undefined) atPlace.set(bid.place, [bid])
    else others.push(bid)
  }
  const results = new Map<ServiceName, { offers: Offer[]; lost: BarredNode[] }>()
  for (const contenders of atPlace.values()) {
    for (const [{ name, offers }, bar] of contest(contenders)) {
      const result = results.get(name) ?? { offers: [], lost: [] }
      results.set(name, result)
      if (bar === undefined) result.offers.push(...offers)
      else result.lost.push(...offers.map(({ node }) => ({ node, bar })))
    }
  }
  return results
}

function grantOf(
  candidate: Candidate,
  results: readonly Result[],
  ordered: (addresses: readonly Address[]) => readonly Address[],
): Grant {
  const { namespace, name, families } = candidate.claimant
  const offers = results.flatMap((each) => each.offers)
  const found = ordered([...new Set(offers.flatMap((each) => each.addresses))])
  const addresses = families.flatMap((family) => found.filter((each) => familyOf(each) === family))
  const lost = results.flatMap((each) => each.lost)
  return {
    namespace,
    name,
    addresses: addresses.map((address) => ({ address, pool: undefined })),
    reason: reasonOf(candidate, offers, lost),
  }
}

function reasonOf(
  { claimant: { families }, external, internal, type, barred: unfit }: Candidate,
  offers: readonly Offer[],
  lost: readonly BarredNode[],
): Grant['reason'] {
  const nodes = [...new Set(offers.map(({ node }) => node))].sort(compareText)
  // Where it lost, the port is the reason, even if it came there only for want of an ExternalIP.
  const settled = new Set([...nodes, ...lost.map(({ node }) => node)])
  const barred = [...unfit.filter(({ node }) => !settled.has(node)), ...lost].toSorted((a, b) =>
    compareText(a.node, b.node),
  )
  if (nodes.length > 0) return { kind: 'on-nodes', nodes, barred }
  const counting = type === 'ExternalIP' ? external : internal
  const fit = barred.some(({ bar }) => bar.kind === 'wrong-families')
  if (counting.length === 0 && fit) return { kind: 'no-node-address', families, type }
  return { kind: 'no-node', barred }
}

function problemsOf({ name, labels }: CandidateNode): readonly AllocationProblem[] {
  if (!isExcluded(labels)) return []
  const label = 'node.kubernetes.io/exclude-from-external-load-balancers'
  const message = `it has the label ${label}, so no Service gets its addresses`
  return [{ object: `Node/${name}`, message }]
}

/** Returns a function that puts some of the addresses in the order of their numbers. */
function inOrder(all: readonly Address[]): (addresses: readonly Address[]) => readonly Address[] {
  // Texts whose code units are the bytes.
  const bytes = all.map((each) => [String.fromCharCode(...addressBytes(each)), each] as const)
  const sorted = [...new Map(bytes)].toSorted(([a], [b]) => compareText(a, b))
  const rank = new Map(sorted.map(([, address], i) => [address, i]))
  return (addresses) => addresses.toSorted((a, b) => present(rank.get(a)) - present(rank.get(b)))
}
