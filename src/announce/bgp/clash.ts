import type { SessionEnd } from './decision.ts'
import type { BgpPeer } from './peer.ts'
import { placeOf } from './session-end.ts'

/**
 * Returns why a BGPPeer cannot run beside others on one node, as field, found and expected; undefined
 * if it can.
 */
export function clashAmong(others: readonly BgpPeer[], peer: BgpPeer): string | undefined {
  for (const other of others) {
    const clash = clashOf(peer, other)
    if (clash !== undefined) return clash
  }
  return undefined
}

function clashOf(peer: BgpPeer, other: BgpPeer): string | undefined {
  const { name, vrf, end, myAsn, routerId } = peer
  if (name === other.name) {
    return `metadata.name: found ${name} in namespace ${peer.namespace} as well, expected a name of its own`
  }
  const where = vrf === '' ? '' : ` in VRF ${vrf}`
  if (vrf === other.vrf && placeOf(end) === placeOf(other.end)) {
    return `${fieldOf(end)}: found ${placeOf(end)}, which BGPPeer ${other.name} has, expected another one${where}`
  }
  if (vrf === other.vrf && myAsn !== other.myAsn) {
    return `spec.myASN: found ${myAsn}, expected ${other.myAsn}, which BGPPeer ${other.name} has${where}`
  }
  if (routerId !== undefined && other.routerId !== undefined && routerId !== other.routerId) {
    return `spec.routerID: found ${routerId}, expected ${other.routerId}, which BGPPeer ${other.name} has`
  }
  return undefined
}

function fieldOf(end: SessionEnd): string {
  return end.kind === 'address' ? 'spec.peerAddress' : 'spec.interface'
}
