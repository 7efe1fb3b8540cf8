import { present } from '../model/present.ts'
import { unreachable } from '../model/unreachable.ts'
import type { Heard } from './frames.ts'
import type { Member } from './member.ts'
import { type Answering, type Occupied, type Spot, spotKey } from './spot.ts'
import { type Draft, doubt, enter, leave, take, wait, withdraw } from './transition-draft.ts'
import type { TransitionEvent } from './transition-state.ts'

/** The neighbours are told of a disputed address at most so often (RFC 5227, 2.4 c). */
const DEFEND_MS = 10_000

/** Gives up what the kernel or a link took away. */
export function loseSpots(draft: Draft, event: TransitionEvent): void {
  switch (event.kind) {
    case 'lost':
      leaveInterface(draft, (name) => name === event.interface)
      return
    case 'refused':
      for (const spot of event.spots) {
        if (!draft.spots.has(spotKey(spot))) continue
        draft.changed = true
        wait(draft, spot, { kind: 'refused' })
      }
      return
    case 'answer':
    case 'probe':
    case 'ran-out':
      return
    default:
      unreachable(event)
  }
}

/** Draws the conclusions from a frame. */
export function hearEvent(draft: Draft, event: TransitionEvent): void {
  if (event.kind === 'answer' || event.kind === 'probe') hearFrame(draft, event)
}

/** Leaves all that is on such interfaces: without carrier, others may have taken it there. */
export function leaveInterface(draft: Draft, isLost: (name: string) => boolean): void {
  for (const occupied of draft.spots.values()) {
    if (isLost(occupied.spot.interface)) leave(draft, occupied, undefined)
  }
}

function hearFrame(draft: Draft, heard: Heard & { readonly interface: string }): void {
  const occupied = draft.spots.get(spotKey(heard))
  const own = draft.input.links.get(heard.interface)
  if (occupied === undefined || own === undefined) return
  if ([...draft.input.links.values()].includes(heard.mac)) return
  const { spot, phase } = occupied
  switch (phase.kind) {
    case 'asking':
      if (heard.kind === 'answer') heardWhileAsking(draft, spot, heard.mac)
      // Two that ask at once would both hear silence: the one with the lower MAC address goes on.
      else if (heard.mac < own) wait(draft, spot, { kind: 'held', mac: heard.mac })
      return
    case 'waiting':
      return
    case 'answering':
      if (heard.kind === 'answer') heardWhileAnswering(draft, { spot, phase }, heard.mac)
      return
    default:
      unreachable(phase)
  }
}

function heardWhileAsking(draft: Draft, spot: Spot, mac: string): void {
  const member = memberWith(draft, mac)
  if (member === undefined) wait(draft, spot, { kind: 'conflict', mac })
  else if (offers(member, spot)) take(draft, spot, member.node)
  else wait(draft, spot, { kind: 'held', mac })
}

/** Returns whether a member that is heard would hand a spot over to this node. */
export function offers(member: Member, { address }: Spot): boolean {
  return member.state !== 'dead' && member.isCurrent && member.offers.has(address)
}

function memberWith({ members }: Draft, mac: string): Member | undefined {
  return [...members.values()].find(({ macs }) => macs.includes(mac))
}

function heardWhileAnswering(
  draft: Draft,
  { spot, phase }: Occupied & { readonly phase: Answering },
  mac: string,
): void {
  const member = memberWith(draft, mac)
  if (member === undefined) {
    defend(draft, spot, phase, mac)
    return
  }
  // In a handover both answer for a moment; beats end it.
  if (member.node === phase.from || member.node === phase.yieldsTo) return
  if (phase.doubtedUntil > draft.now) withdraw(draft, spot, mac)
  else if (mac < present(draft.input.links.get(spot.interface))) doubt(draft, spot, phase)
  else defend(draft, spot, phase, undefined)
}

/** Contradicts another one, so that everybody knows where the address is. */
function defend(draft: Draft, spot: Spot, phase: Answering, stranger: string | undefined): void {
  if (draft.now - phase.defendedAt < DEFEND_MS) return
  draft.defences.push(spot)
  enter(draft, spot, { ...phase, defendedAt: draft.now })
  if (stranger !== undefined) draft.news.push({ kind: 'disputed', spot, mac: stranger })
}
