import type { BgpView } from '../../speaker/bgp/view.ts'
import { shortList } from '../columns.ts'

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
    ...notAnnouncedLines(view),
    ...problems.map(({ object, problem }) => `${object}: ${problem}`),
  ]
}

/** frr-k8s tells of its sessions in BGPSessionStates. */
function printLeft({ name, at, prefixes }: PeerView): string {
  return `${name} at ${at}: left to frr-k8s, with ${prefixes === 1 ? '1 prefix' : `${prefixes} prefixes`}`
}

/** As many Services with one reason are named. */
const MOST = 4

/** Services that are not announced to the same peer for the same reason share a line. */
function notAnnouncedLines({ notAnnounced }: BgpView): readonly string[] {
  const rows = new Map<string, Set<string>>()
  for (const { service, addresses, peer, message } of notAnnounced) {
    const key = `${peer === null ? 'to nobody' : `not to ${peer}`}: ${message}`
    const row = rows.get(key) ?? new Set()
    for (const address of addresses) row.add(`${address} (${service})`)
    rows.set(key, row)
  }
  return [...rows].map(([key, whose]) => `${shortList([...whose], MOST)}: ${key}`)
}

function printPeer(peer: PeerView): string {
  const { name, at, vrf, prefixes, sent, dropped, bfd } = peer
  const place = vrf === '' ? at : `${at} in VRF ${vrf}`
  const ended = dropped === 0 ? '' : `, ended ${dropped === 1 ? 'once' : `${dropped} times`}`
  const watched = bfd === null ? '' : `BFD ${bfd.status}, `
  return `${name} at ${place}: ${stateOf(peer)}, ${watched}${sent} of ${prefixes} prefixes sent${ended}`
}

function stateOf({ state, uptimeMs }: PeerView): string {
  if (state === null) return 'FRR does not tell of it'
  return state === 'Established' ? `established for ${Math.floor(uptimeMs / 1000)} s` : state
}
