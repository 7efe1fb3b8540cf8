import type { BgpSession } from '../../announce/bgp/decision.ts'
import { isExternal } from '../../announce/bgp/session-end.ts'
import type { AnnounceProblem } from '../../announce/eligibility.ts'

/**
 * Returns what BGPPeers ask for and FRR does not take, as problems of them; the rest of each counts.
 * `peerLines` leaves it out.
 */
export function leftOutOf(sessions: readonly BgpSession[]): readonly AnnounceProblem[] {
  return sessions.flatMap((session) =>
    faultsOf(session).map((message) => ({ object: `BGPPeer/${session.name}`, message })),
  )
}

/** Returns what FRR leaves out of a session, as field, found and expected. */
function faultsOf(session: BgpSession): readonly string[] {
  const { end, sourceAddress, ebgpMultihop, localAsn, myAsn } = session
  const found: readonly (string | false)[] = [
    end.kind === 'interface' &&
      sourceAddress !== undefined &&
      `spec.sourceAddress: found ${sourceAddress} beside interface, expected one of them: FRR takes the address of the interface`,
    end.kind === 'interface' &&
      ebgpMultihop &&
      'spec.ebgpMultiHop: found true beside interface, expected one of them: the peer is on the link',
    !isExternal(session) &&
      ebgpMultihop &&
      'spec.ebgpMultiHop: found true, expected a peer of another AS: others may be any number of hops away anyway',
    !isExternal(session) &&
      localAsn !== undefined &&
      `spec.localASN: found ${localAsn}, expected a peer of another AS: FRR shows ${myAsn} to this one`,
  ]
  return found.filter((each) => each !== false)
}
