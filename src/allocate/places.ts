import type { Address } from '../model/address.ts'
import type { CandidateNode, NodeClaimant } from './nodes-world.ts'

/**
 * Where a port can be taken once: a Node, or Nodes that have an address in common, such as the one
 * ExternalIP of a site behind address translation.
 */
export interface Place {
  readonly nodes: readonly CandidateNode[]
}

/** All places, and for each address of a Node where it is. */
export interface Places {
  readonly all: readonly Place[]
  readonly at: ReadonlyMap<Address, Place>
}

/** Returns the places of these Nodes; no two places have an address in common. */
export function placesOf(nodes: readonly CandidateNode[]): Places {
  const places = new Set<Place>()
  const at = new Map<Address, Place>()
  for (const node of nodes) {
    const own = addressesOf(node)
    const met = new Set(own.flatMap((address) => at.get(address) ?? []))
    const place: Place = { nodes: [...[...met].flatMap((other) => other.nodes), node] }
    for (const other of met) places.delete(other)
    for (const address of place.nodes.flatMap(addressesOf)) at.set(address, place)
    places.add(place)
  }
  return { all: [...places], at }
}

/** Returns the places that have an address in the status of a Service. */
export function heldPlaces({ held }: NodeClaimant, { at }: Places): ReadonlySet<Place> {
  return new Set(held.flatMap(({ address }) => at.get(address) ?? []))
}

/** Returns all addresses of a Node. */
export function addressesOf({ internal, external }: CandidateNode): readonly Address[] {
  return [...internal, ...external]
}

/** Returns whether any Node there has an ExternalIP, of whatever family. */
export function isExternal({ nodes }: Place): boolean {
  return nodes.some(({ external }) => external.length > 0)
}
