import type { BgpRoute, BgpSession } from '../../announce/bgp/decision.ts'
import { isExternal } from '../../announce/bgp/session-end.ts'
import type { AnnounceProblem } from '../../announce/eligibility.ts'

/** Returns what a neighbour gets, by attribute, as a FRRConfiguration has it. */
export function advertisedTo(peer: string, routes: readonly BgpRoute[]): object {
  const prefixes: string[] = []
  const communities = new Map<string, string[]>()
  const preferences = new Map<number, string[]>()
  for (const { prefix, to } of routes) {
    const attributes = to.get(peer)
    if (attributes === undefined) continue
    prefixes.push(prefix)
    const large = attributes.largeCommunities.map((each) => `large:${each}`)
    for (const each of [...attributes.communities, ...large]) add(communities, each, prefix)
    // It has no word for 0, which is said of routes that are about to go, besides their community.
    const { localPref = 0 } = attributes
    if (localPref !== 0) add(preferences, localPref, prefix)
  }
  if (prefixes.length === 0) return {}
  const withCommunity = [...communities].map(([community, of]) => ({ community, prefixes: of }))
  const withLocalPref = [...preferences].map(([localPref, of]) => ({ localPref, prefixes: of }))
  return {
    allowed: { prefixes: prefixes.sort() },
    ...(withCommunity.length > 0 && {
      withCommunity: withCommunity.sort((a, b) => (a.community < b.community ? -1 : 1)),
    }),
    ...(withLocalPref.length > 0 && {
      withLocalPref: withLocalPref.sort((a, b) => a.localPref - b.localPref),
    }),
  }
}

function add<Key>(prefixes: Map<Key, string[]>, key: Key, prefix: string): void {
  const known = prefixes.get(key)
  if (known === undefined) prefixes.set(key, [prefix])
  else if (known.at(-1) !== prefix) known.push(prefix)
}

/** The highest port in the schema of FRRConfiguration. */
const HIGHEST_PORT = 16_384

/** What the operator chose that is of no use with frr-k8s. */
interface Unused {
  readonly weightByEndpoints: boolean
}

/** Returns what is asked for and frr-k8s has no words for; the rest of each object counts. */
export function frrK8sProblems(
  sessions: readonly BgpSession[],
  { weightByEndpoints }: Unused,
): readonly AnnounceProblem[] {
  const weights = {
    object: 'NodelbConfiguration',
    message:
      'announce.bgp.weightByEndpoints: found true, expected false with the engine frr-k8s, which has no word for the bandwidth of a route; all Nodes get the same share',
  }
  return [
    ...(weightByEndpoints ? [weights] : []),
    ...sessions
      .filter((session) => session.localAsn !== undefined && isExternal(session))
      .map(({ name, localAsn, myAsn }) => ({
        object: `BGPPeer/${name}`,
        message: `spec.localASN: found ${localAsn}, expected none with the engine frr-k8s, whose v1beta1 has no such field in all versions; the peer sees AS ${myAsn}`,
      })),
    ...sessions.filter(isBeyond).map(({ name, port }) => ({
      object: `BGPPeer/${name}`,
      message: `spec.peerPort: found ${port}, expected at most ${HIGHEST_PORT} with the engine frr-k8s; its session does not run`,
    })),
  ]
}

/** Returns whether a FRRConfiguration with this session would be refused as a whole. */
export function isBeyond({ port }: BgpSession): boolean {
  return port > HIGHEST_PORT
}
