import type { Address } from '../model/address.ts'
import type { Announcement } from './announcement.ts'
import type { Member } from './member.ts'
import type { Spots } from './spot.ts'

/**
 * Returns the Nodes to which this one sends beats: the other parties of each address if it is one
 * itself or answers for it, those that may have taken what it offered, and members that answer for what
 * concerns it. So all that may have to agree about an address hear each other, also one that is no candidate any
 * more and hands over.
 */
export function peersOf(
  self: string,
  spots: Spots,
  announcements: Iterable<Pick<Announcement, 'address' | 'parties'>>,
  members: readonly Pick<Member, 'node' | 'state' | 'claims'>[],
): ReadonlySet<string> {
  const answered = new Set<Address>()
  const peers = new Set<string>()
  for (const { spot, phase } of spots.values()) {
    if (phase.kind !== 'answering') continue
    answered.add(spot.address)
    for (const { node } of phase.suspects) peers.add(node)
  }
  for (const { address, parties } of announcements) {
    if (!parties.includes(self) && !answered.has(address)) continue
    for (const party of parties) peers.add(party)
  }
  for (const { node, state, claims } of members) {
    if (state !== 'dead' && claims.size > 0) peers.add(node)
  }
  peers.delete(self)
  return peers
}
