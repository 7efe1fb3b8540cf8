import type { BgpView } from '../../speaker/bgp/view.ts'

type PeerView = BgpView['peers'][number]

/** Returns lines that say what a node announces by BGP, to whom, and what should be settled. */
export function bgpLines(view: BgpView): readonly string[] {
  const { engine, failure, routerId, routes, peers, addresses, problems } = view
  const announced = routes === 1 ? '1 prefix' : `${routes} prefixes`
  const isOurs = engine === 'frr'
  const whole = isOurs ? 'FRR is configured as it should be' : 'The FRRConfiguration is written'
  const broken = isOurs ? 'FRR cannot be configured' : 'The FRRConfiguration cannot be written'
  return [
    failure === null
      ? `${whole}: router identifier ${routerId}, ${announced}`
      : `${broken}: ${failure}`,
    ...(peers.length === 0 ? ['no session is for this Node'] : []),
    ...peers.map((peer) => (isOurs ? printPeer(peer) : printLeft(peer))),
    ...addresses.map(
      ({ address, service, peers: to }) => `${address} (${service}): to ${to.join(', ')}`,
    ),
    ...problems.map(({ object, problem }) => `${object}: ${problem}`),
  ]
}

/** frr-k8s tells of its sessions in BGPSessionStates. */
function printLeft({ name, at, prefixes }: PeerView): string {
  return `${name} at ${at}: left to frr-k8s, with ${prefixes === 1 ? '1 prefix' : `${prefixes} prefixes`}`
}

function printPeer(peer: PeerView): string {
  const { name, at, vrf, prefixes, sent, dropped } = peer
  const place = vrf === '' ? at : `${at} in VRF ${vrf}`
  const ended = dropped === 0 ? '' : `, ended ${dropped === 1 ? 'once' : `${dropped} times`}`
  return `${name} at ${place}: ${stateOf(peer)}, ${sent} of ${prefixes} prefixes sent${ended}`
}

function stateOf({ state, uptimeMs }: PeerView): string {
  if (state === null) return 'FRR does not tell of it'
  return state === 'Established' ? `established for ${Math.floor(uptimeMs / 1000)} s` : state
}
