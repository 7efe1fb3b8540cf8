import { type Address, familyOf } from '../model/address.ts'
import type { BarredNode } from './barred-nodes.ts'
import type { Fitness } from './node-fitness.ts'
import type { NodeBar } from './node-reason.ts'
import type { CandidateNode, NodeClaimant } from './nodes-world.ts'
import { heldPlaces, isExternal, type Place, type Places } from './places.ts'

type AddressType = 'ExternalIP' | 'InternalIP'

/** What a Service would have if it were alone; Services that ask for the same have one in common. */
export interface Prospect {
  readonly families: NodeClaimant['families']
  /** Bids for places with an ExternalIP; where a Service wins one, nothing else counts. */
  readonly external: readonly Bid[]
  /** Bids for places without, unless these do not count at all. */
  readonly internal: readonly Bid[]
  /** ExternalIP if one of its Nodes has such an address, even if it is of another family. */
  readonly type: AddressType
  /** The Nodes that it cannot have by their addresses of that type, or in any case. */
  readonly barred: readonly BarredNode[]
}

/** A Service asks for a place. */
export interface Bid {
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
}

/** Returns a function that gives the prospect of a Service. */
export function prospectsAmong(
  places: Places,
  fitness: Fitness,
): (claimant: NodeClaimant) => Prospect {
  const known = new Map<string, Prospect>()
  return (claimant) => {
    const question = questionOf(claimant)
    const prospect = known.get(question ?? '') ?? prospectOf(claimant, places, fitness)
    if (question !== undefined) known.set(question, prospect)
    return prospect
  }
}

/** Returns all that a prospect depends on; undefined if that is particular to one Service. */
function questionOf(claimant: NodeClaimant): string | undefined {
  const { families, lbpool, tolerations, podNodes, leaving } = claimant
  if (leaving || podNodes !== undefined) return undefined
  return JSON.stringify([families, lbpool, tolerations])
}

function prospectOf(claimant: NodeClaimant, places: Places, fitness: Fitness): Prospect {
  const { families } = claimant
  const { fits, barred } = fitsOf(claimant, places, fitness)
  const outside = fits.some(({ nodes }) => nodes.some(({ external }) => external.length > 0))
  const type = outside ? 'ExternalIP' : 'InternalIP'
  const external = fits.filter(({ place }) => isExternal(place))
  const bids = bidsFor(external, families, 'ExternalIP')
  // Addresses without an ExternalIP count where there is none, or where others have them all.
  const isOpen = type === 'InternalIP' || bids.length > 0
  const internal = isOpen ? fits.filter(({ place }) => !isExternal(place)) : []
  return {
    families,
    external: bids,
    internal: bidsFor(internal, families, 'InternalIP'),
    type,
    barred: [...barred, ...barredByAddress(fits, families, type)],
  }
}

function bidsFor(
  fits: readonly Fit[],
  families: Prospect['families'],
  type: AddressType,
): readonly Bid[] {
  return fits.flatMap(({ place, nodes }) => {
    const offers = nodes
      .map((node) => ({ node: node.name, addresses: wanted(node, families, type) }))
      .filter(({ addresses }) => addresses.length > 0)
    return offers.length === 0 ? [] : [{ place, offers }]
  })
}

function fitsOf(
  claimant: NodeClaimant,
  places: Places,
  fitness: Fitness,
): { readonly fits: readonly Fit[]; readonly barred: readonly BarredNode[] } {
  const barOf = fitness(claimant)
  const kept = claimant.leaving ? heldPlaces(claimant, places) : undefined
  const barred: BarredNode[] = []
  const fits: Fit[] = []
  for (const place of places.all) {
    const whole = kept?.has(place) === false ? LEAVING : undefined
    const nodes = place.nodes.filter((node) => {
      const bar: NodeBar | undefined = barOf(node) ?? whole
      if (bar !== undefined) barred.push({ node: node.name, bar })
      return bar === undefined
    })
    if (nodes.length > 0) fits.push({ place, nodes })
  }
  return { fits, barred }
}

/** A Service that is being deleted gets nothing new. */
const LEAVING = { kind: 'service-leaving' } as const
const INTERNAL_ONLY = { kind: 'internal-only' } as const

/** Returns the fit Nodes whose addresses are of the wrong type or families. */
function barredByAddress(
  fits: readonly Fit[],
  families: Prospect['families'],
  type: AddressType,
): readonly BarredNode[] {
  const wrong = { kind: 'wrong-families', families } as const
  return fits.flatMap(({ nodes }) =>
    nodes
      .filter((node) => wanted(node, families, type).length === 0)
      .map(({ name, external }) => {
        const inside = type === 'ExternalIP' && external.length === 0
        return { node: name, bar: inside ? INTERNAL_ONLY : wrong }
      }),
  )
}

function wanted(
  { internal, external }: CandidateNode,
  families: Prospect['families'],
  type: AddressType,
): readonly Address[] {
  const addresses = type === 'ExternalIP' ? external : internal
  return addresses.filter((address) => families.includes(familyOf(address)))
}
