import { type Address, familyOf } from '../model/address.ts'
import { type ServiceName, serviceName } from '../model/service-name.ts'
import type { Contender } from './host-ports.ts'
import type { Fitness } from './node-fitness.ts'
import type { BarredNode } from './node-reason.ts'
import type { CandidateNode, NodeClaimant } from './nodes-world.ts'
import { isExternal, type Place, type Places } from './places.ts'

type AddressType = 'ExternalIP' | 'InternalIP'

/** A Service with what it would have if it were alone. */
export interface Candidate {
  readonly name: ServiceName
  readonly claimant: NodeClaimant
  /** Bids for places with an ExternalIP; where a Service wins one, nothing else counts. */
  readonly external: readonly Bid[]
  /** Bids for places without. */
  readonly internal: readonly Bid[]
  /** ExternalIP if one of its Nodes has such an address, even if it is of another family. */
  readonly type: AddressType
  /** The Nodes that it cannot have in any case. */
  readonly barred: readonly BarredNode[]
}

/** A Service asks for a place. */
export interface Bid extends Contender {
  readonly place: Place
  readonly offers: readonly Offer[]
}

/** What a Service would get of a Node. */
export interface Offer {
  readonly node: string
  readonly addresses: readonly Address[]
}

/** The Nodes of a place that are fit for a Service. */
interface Fit {
  readonly place: Place
  readonly nodes: readonly CandidateNode[]
  readonly holds: boolean
}

/** Returns the bids of a Service, and the Nodes that it cannot have in any case. */
export function candidateOf(claimant: NodeClaimant, places: Places, fitness: Fitness): Candidate {
  const name = serviceName(claimant)
  const { fits, barred } = fitsOf(claimant, places, fitness)
  const outside = fits.some(({ nodes }) => nodes.some(({ external }) => external.length > 0))
  const type = outside ? 'ExternalIP' : 'InternalIP'
  const bids = (fits: readonly Fit[], wantedType: AddressType): readonly Bid[] => {
    return fits.flatMap(({ place, nodes, holds }) => {
      const offers = offersOf(nodes, claimant, wantedType)
      return offers.length === 0 ? [] : [{ name, claimant, holds, place, offers }]
    })
  }
  return {
    name,
    claimant,
    external: bids(
      fits.filter(({ place }) => isExternal(place)),
      'ExternalIP',
    ),
    internal: bids(
      fits.filter(({ place }) => !isExternal(place)),
      'InternalIP',
    ),
    type,
    barred: [...barred, ...barredByAddress(fits, claimant, type)],
  }
}

function fitsOf(
  claimant: NodeClaimant,
  { all, at }: Places,
  fitness: Fitness,
): { readonly fits: readonly Fit[]; readonly barred: readonly BarredNode[] } {
  const held = new Set(claimant.held.map(({ address }) => at.get(address)))
  const barred: BarredNode[] = []
  const fits: Fit[] = []
  for (const place of all) {
    const holds = held.has(place)
    const nodes = place.nodes.filter((node) => {
      const bar = fitness(claimant, node) ?? (claimant.leaving && !holds ? LEAVING : undefined)
      if (bar !== undefined) barred.push({ node: node.name, bar })
      return bar === undefined
    })
    if (nodes.length > 0) fits.push({ place, nodes, holds })
  }
  return { fits, barred }
}

/** A Service that is being deleted gets nothing new. */
const LEAVING = { kind: 'service-leaving' } as const

/** Returns the fit Nodes whose addresses are of the wrong type or families. */
function barredByAddress(
  fits: readonly Fit[],
  claimant: NodeClaimant,
  type: AddressType,
): readonly BarredNode[] {
  const { families } = claimant
  const nodes = fits.flatMap((fit) => fit.nodes)
  return nodes.flatMap((node): readonly BarredNode[] => {
    if (wanted(node, claimant, type).length > 0) return []
    const inside = type === 'ExternalIP' && node.external.length === 0
    const bar = inside ? ({ kind: 'internal-only' } as const) : undefined
    return [{ node: node.name, bar: bar ?? { kind: 'wrong-families', families } }]
  })
}

function offersOf(
  nodes: readonly CandidateNode[],
  claimant: NodeClaimant,
  type: AddressType,
): readonly Offer[] {
  return nodes
    .map((node) => ({ node: node.name, addresses: wanted(node, claimant, type) }))
    .filter(({ addresses }) => addresses.length > 0)
}

function wanted(
  { internal, external }: CandidateNode,
  { families }: NodeClaimant,
  type: AddressType,
): readonly Address[] {
  const addresses = type === 'ExternalIP' ? external : internal
  return addresses.filter((address) => families.includes(familyOf(address)))
}
