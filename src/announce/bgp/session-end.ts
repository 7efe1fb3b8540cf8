import { unreachable } from '../../model/unreachable.ts'
import type { BgpSession, SessionEnd } from './decision.ts'

/** Returns the address or the interface at which a session is. Of one VRF no two are at one place. */
export function placeOf(end: SessionEnd): string {
  switch (end.kind) {
    case 'address':
      return end.address
    case 'interface':
      return end.interface
    default:
      return unreachable(end)
  }
}

/** Whether the peer is of another autonomous system than the node. */
export function isExternal({ remoteAs, myAsn }: Pick<BgpSession, 'remoteAs' | 'myAsn'>): boolean {
  return remoteAs.kind === 'number' ? remoteAs.asn !== myAsn : remoteAs.kind === 'external'
}
