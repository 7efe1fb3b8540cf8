import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import type { BgpRoute, RouteAttributes } from '../../announce/bgp/decision.ts'
import type { Cidr } from '../../model/address.ts'
import { present } from '../../model/present.ts'
import { printCommunities, printLargeCommunities } from '../../ruleset/bgp/communities.ts'

/** Where the peers are, by the names of their BGPPeers. */
type Places = ReadonlyMap<string, string>

/** What is set on a route on its way to one peer, as lines of a route map. */
type Treatment = readonly string[]

/** All prefixes of a VRF that are treated alike: sent to the same peers with the same attributes. */
export interface RouteClass {
  readonly vrf: string
  /** Marks the routes inside FRR, 1 to 4294967295; it is never sent. */
  readonly tag: number
  readonly prefixes: readonly Cidr[]
  /** By the place of the peer. */
  readonly treatments: ReadonlyMap<string, Treatment>
}

/**
 * Sorts routes into classes. A class is named after its content, so that other attributes make another
 * class and none is ever changed: FRR sends an update for a route that gets another class at once, but
 * waits for seconds after a change of a route map in use (`bgp route-map delay-timer`). In it a peer is known
 * by its place, as FRR knows it: `places` has that of each BGPPeer.
 *
 * A class is an entry in the map of each peer, and FRR takes for entries more time the more there are:
 * with two peers 0.1 s for 10 classes, 0.5 s for 30, 4 to 12 s for 100 (8.4 and 10.3 on a busy machine).
 * Prefixes cost next to nothing: 0.5 s for 10,000.
 */
export function classesOf(routes: readonly BgpRoute[], places: Places): readonly RouteClass[] {
  const byContent = new Map<string, RouteClass & { prefixes: Cidr[] }>()
  const taken = new Set<number>()
  for (const { content, treatments, vrf, prefix } of inOrder(routes, places)) {
    const known = byContent.get(content)
    if (known !== undefined) {
      known.prefixes.push(prefix)
      continue
    }
    const tag = takeFree(hashOf(content), LARGEST_TAG, taken)
    byContent.set(content, { vrf, tag, prefixes: [prefix], treatments })
  }
  return [...byContent.values()]
}

/** By content, so that the order of the routes does not decide who has a tag first. */
function inOrder(routes: readonly BgpRoute[], places: Places) {
  return routes
    .map(({ vrf, prefix, to }) => {
      const treated = [...to].map(
        ([peer, attributes]) => [present(places.get(peer)), treatment(attributes)] as const,
      )
      treated.sort(([a], [b]) => (a < b ? -1 : 1))
      const content = JSON.stringify([vrf, treated])
      return { vrf, prefix, content, treatments: new Map(treated) }
    })
    .sort((a, b) => (a.content < b.content ? -1 : 1))
}

function treatment(attributes: RouteAttributes): Treatment {
  const { communities, largeCommunities, localPref, weight } = attributes
  return [
    ...(communities.length > 0 ? [`set community ${printCommunities(communities)}`] : []),
    ...(largeCommunities.length > 0
      ? [`set large-community ${printLargeCommunities(largeCommunities)}`]
      : []),
    ...(weight === undefined ? [] : [`set extcommunity bandwidth ${weight}`]),
    ...(localPref === undefined ? [] : [`set local-preference ${localPref}`]),
  ]
}

/** Returns the first 32 bits of the SHA-256 of a text. */
function hashOf(text: string): number {
  const bytes = sha256(utf8ToBytes(text))
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
}

/** Tags have 32 bits, and 0 is none. */
const LARGEST_TAG = 4_294_967_295

/** Takes a number from 1 to `count` that follows from a hash, or the next one that is free. */
export function takeFree(hash: number, count: number, taken: Set<number>): number {
  let number = (hash % count) + 1
  while (taken.has(number)) number = (number % count) + 1
  taken.add(number)
  return number
}
