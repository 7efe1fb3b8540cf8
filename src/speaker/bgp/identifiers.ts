import type { BgpSession } from '../../announce/bgp/decision.ts'
import { placeOf } from '../../announce/bgp/session-end.ts'
import type { AnnounceProblem } from '../../announce/eligibility.ts'
import type { WatchedSession } from '../../apply/bgp/sessions.ts'
import { sessionAt } from './view.ts'

/** What FRR has as the identifier of a router that nobody gave one (RFC 6286, 2.1: it is none). */
const NONE = '0.0.0.0'

/**
 * Returns which routers have no identifier. That happens to those of others alone, since nodelb writes one
 * in its own.
 */
export function identifierProblems(
  peers: readonly BgpSession[],
  sessions: readonly WatchedSession[],
): readonly AnnounceProblem[] {
  const lacking = peers.filter(
    ({ end, vrf }) => sessionAt(sessions, { at: placeOf(end), vrf })?.routerId === NONE,
  )
  const routers = new Set(
    lacking.map(({ myAsn, vrf }) => `router bgp ${myAsn}${vrf === '' ? '' : ` vrf ${vrf}`}`),
  )
  return [...routers].map((router) => ({
    object: 'FRR',
    message: `"${router}", line "bgp router-id": found none, expected an IPv4 address: FRR has no session without an identifier, and takes an address of the node for it only where zebra runs; add the line`,
  }))
}
