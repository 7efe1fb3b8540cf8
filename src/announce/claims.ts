import type { Address } from '../model/address.ts'
import type { Announcement } from './announcement.ts'
import type { Claim, Claims } from './beat.ts'
import type { Member } from './member.ts'
import type { Answering } from './spot.ts'
import type { Transition } from './transition-state.ts'

/**
 * Returns the claims of this node that concern a receiver: the addresses for which it answers and the
 * receiver is a candidate, answers as well, or may have taken it: it would take the address for given up
 * if it was not claimed any more. What it still asks for on an interface it claims partly: the Node that
 * answered before goes on until then, because it falls silent on all interfaces at once.
 */
export function claimsFor(
  receiver: Pick<Member, 'node' | 'claims'>,
  { spots }: Pick<Transition, 'spots'>,
  announcements: ReadonlyMap<Address, Pick<Announcement, 'owner' | 'candidates'>>,
  now: number,
): Claims {
  const claims = new Map<Address, Claim>()
  const asked = new Set<Address>()
  for (const { spot, phase } of spots.values()) {
    const { address } = spot
    if (phase.kind === 'asking' && phase.before === undefined) asked.add(address)
    const announcement = announcements.get(address)
    if (phase.kind !== 'answering' || announcement === undefined) continue
    const { candidates, owner } = announcement
    const concerned = candidates.includes(receiver.node) || receiver.claims.has(address)
    if (!concerned && !phase.suspects.some(({ node }) => node === receiver.node)) continue
    const isOffered = owner === receiver.node && isSure(phase, now)
    claims.set(address, isOffered && claims.get(address) !== 'wholly' ? 'offered' : 'wholly')
  }
  for (const address of asked) if (claims.has(address)) claims.set(address, 'partly')
  return claims
}

/** Returns whether these claims have all that a member offers to this node, and it offers something. */
export function haveOffers(
  claims: Claims,
  { offers, isCurrent }: Pick<Member, 'offers' | 'isCurrent'>,
): boolean {
  const areTaken = [...offers].every((address) => claims.get(address) === 'wholly')
  return isCurrent && offers.size > 0 && areTaken
}

/** Returns the addresses that these claims offer to their receiver. */
export function offeredIn(claims: Claims): ReadonlySet<Address> {
  return new Set([...claims].flatMap(([address, claim]) => (claim === 'offered' ? address : [])))
}

/** It is willing, and no other member answers as far as it knows. */
function isSure({ from, yieldsTo, doubtedUntil }: Answering, now: number): boolean {
  return yieldsTo !== undefined && from === undefined && doubtedUntil <= now
}
