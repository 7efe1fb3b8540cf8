import { type Address, addressBytes, familyOf } from '../model/address.ts'
import { compareText } from '../model/compare-text.ts'
import { present } from '../model/present.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { Grant } from './allocation.ts'
import { type BarredNode, byCause } from './barred-nodes.ts'
import type { Bid, Offer, Prospect } from './node-prospects.ts'
import type { NodeClaimant } from './nodes-world.ts'
import { type Outcome, settle } from './place-contest.ts'
import { addressesOf, heldPlaces, type Places } from './places.ts'
import { portText } from './sharing.ts'

/** A Service with what it would have if it were alone. */
interface Candidate {
  readonly name: ServiceName
  readonly claimant: NodeClaimant
  readonly prospect: Prospect
}

/** What is granted, without the name of the Service. */
type Share = Pick<Grant, 'addresses' | 'reason'>

/** The bids for places with an ExternalIP, or for those without, and what became of them. */
interface Part {
  readonly bids: readonly Bid[]
  /** Undefined if no other Service wants a port of this one: then it has all. */
  readonly outcome: Outcome | undefined
}

/** Returns what each Service has; `candidates` are in order of age. */
export function grantsOf(candidates: readonly Candidate[], places: Places): readonly Grant[] {
  const rivals = rivalsAmong(candidates)
  const bidders = rivals.map((each) => ({ ...each, held: heldPlaces(each.claimant, places) }))
  const outside = settle(bidders.map((each) => ({ ...each, bids: each.prospect.external })))
  // An ExternalIP lost to another Service leaves the Nodes without one, as for ServiceLB.
  const others = bidders.filter(({ name }) => !outside.get(name)?.wins)
  const inside = settle(others.map((each) => ({ ...each, bids: each.prospect.internal })))
  const ordered = inOrder(places.all.flatMap(({ nodes }) => nodes.flatMap(addressesOf)))
  const shares = new Map<Prospect, Map<string, Share>>()
  return candidates.map(({ name, claimant, prospect }) => {
    const parts = partsOf(prospect, outside.get(name), inside.get(name))
    const known = shares.get(prospect) ?? new Map<string, Share>()
    shares.set(prospect, known)
    const text = parts.map(({ outcome }) => outcome?.text).join('|')
    const share = known.get(text) ?? shareOf(prospect, parts, ordered)
    known.set(text, share)
    return { namespace: claimant.namespace, name: claimant.name, ...share }
  })
}

/** Returns the Services that have a port in common with another one. */
function rivalsAmong(candidates: readonly Candidate[]): readonly Candidate[] {
  const wanted = new Set<string>()
  const contested = new Set<string>()
  const all = candidates.map((candidate) => ({
    candidate,
    ports: candidate.claimant.sharing.ports.map(portText),
  }))
  for (const port of all.flatMap(({ ports }) => ports)) {
    if (wanted.has(port)) contested.add(port)
    wanted.add(port)
  }
  const rivals = all.filter(({ ports }) => ports.some((port) => contested.has(port)))
  return rivals.map(({ candidate }) => candidate)
}

/** Returns the bids that count for a Service. */
function partsOf(
  { external, internal }: Prospect,
  outside: Outcome | undefined,
  inside: Outcome | undefined,
): readonly Part[] {
  const first = { bids: external, outcome: outside }
  const hasAll = outside === undefined && external.length > 0
  return hasAll || outside?.wins ? [first] : [first, { bids: internal, outcome: inside }]
}

function shareOf(
  prospect: Prospect,
  parts: readonly Part[],
  ordered: (addresses: readonly Address[]) => readonly Address[],
): Share {
  const offers: Offer[] = []
  const lost: BarredNode[] = []
  for (const { bids, outcome } of parts) {
    for (const bid of bids) {
      const bar = outcome?.barAt(bid.place)
      if (bar === undefined) offers.push(...bid.offers)
      else lost.push(...bid.offers.map(({ node }) => ({ node, bar })))
    }
  }
  const found = ordered([...new Set(offers.flatMap((each) => each.addresses))])
  const addresses = prospect.families.flatMap((family) =>
    found.filter((each) => familyOf(each) === family),
  )
  return {
    addresses: addresses.map((address) => ({ address, pool: undefined })),
    reason: reasonOf(prospect, offers, lost),
  }
}

function reasonOf(
  { families, external, internal, type, barred: unfit }: Prospect,
  offers: readonly Offer[],
  lost: readonly BarredNode[],
): Grant['reason'] {
  const nodes = [...new Set(offers.map(({ node }) => node))].sort(compareText)
  // Where it lost, the port is the reason, even if it came there only for want of an ExternalIP.
  const settled = new Set([...nodes, ...lost.map(({ node }) => node)])
  const barred = byCause([...unfit.filter(({ node }) => !settled.has(node)), ...lost])
  if (nodes.length > 0) return { kind: 'on-nodes', nodes, barred }
  const counting = type === 'ExternalIP' ? external : internal
  const fit = barred.some(({ bar }) => bar.kind === 'wrong-families')
  if (counting.length === 0 && fit) return { kind: 'no-node-address', families, type }
  return { kind: 'no-node', barred }
}

/** Returns a function that puts some of the addresses in the order of their numbers. */
function inOrder(all: readonly Address[]): (addresses: readonly Address[]) => readonly Address[] {
  // Texts whose code units are the bytes.
  const bytes = all.map((each) => [String.fromCharCode(...addressBytes(each)), each] as const)
  const sorted = [...new Map(bytes)].toSorted(([a], [b]) => compareText(a, b))
  const rank = new Map(sorted.map(([, address], i) => [address, i]))
  return (addresses) => addresses.toSorted((a, b) => present(rank.get(a)) - present(rank.get(b)))
}
