import { decideBgp } from '../../announce/bgp/decide.ts'
import type { BgpSession } from '../../announce/bgp/decision.ts'
import type { BgpWhy } from '../../announce/bgp/why.ts'
import type { AnnounceProblem } from '../../announce/eligibility.ts'
import type { Config } from '../../config/config.ts'
import type { Address } from '../../model/address.ts'
import { routesSent, type SentRoutes } from '../../speaker/bgp/sent-routes.ts'
import type { AnnouncingInput } from '../../watch/files/read-announcing.ts'
import { bgpObjectsOf, bgpSettingsOf } from '../bgp-objects.ts'

/** What a Node announces of an address by BGP, by the objects alone. */
export interface ByBgp {
  readonly address: Address
  /** The name of this Node. */
  readonly node: string
  /** One for each Service and peer, or for each Service where no peer gets anything. */
  readonly why: readonly BgpWhy[]
  /** The sessions of the Node. */
  readonly peers: readonly BgpSession[]
  /** What is wrong with BGPPeers that are for the Node and have no session. */
  readonly stopped: readonly AnnounceProblem[]
}

/**
 * Returns undefined if it is no address of a LoadBalancer Service, if there is no such Node, and if nothing
 * is announced by BGP.
 */
export function byBgp(
  address: Address,
  node: string,
  { objects, bgp }: Pick<AnnouncingInput, 'objects' | 'bgp'>,
  config: Config,
): ByBgp | undefined {
  const own = objects.nodes.find(({ name }) => name === node)
  if (!config.announce.bgp.enabled || own === undefined) return undefined
  const decision = decideBgp(bgpObjectsOf(objects, bgp), own, bgpSettingsOf(config))
  const why = decision.why.filter((each) =>
    each.kind === 'silent' ? each.addresses.includes(address) : each.address === address,
  )
  if (why.length === 0) return undefined
  const running = new Set(decision.peers.map(({ name }) => `BGPPeer/${name}`))
  const stopped = decision.problems.filter(
    ({ object }) => object.startsWith('BGPPeer/') && !running.has(object),
  )
  return { address, node, why, peers: decision.peers, stopped }
}

/** Asks the FRR of this machine what it has sent of the address; undefined where none runs. */
export async function inFrr(
  { address, peers }: ByBgp,
  { announce }: Config,
): Promise<SentRoutes | undefined> {
  const sent = await routesSent(announce.bgp.frr.sockets, peers, address)
  return sent.kind === 'not-asked' && sent.isAbsent ? undefined : sent
}
