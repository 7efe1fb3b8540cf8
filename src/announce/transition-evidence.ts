import { present } from '../model/present.ts'
import { unreachable } from '../model/unreachable.ts'
import type { Heard } from './frames.ts'
import type { Member } from './member.ts'
import {
  type Answering,
  type Looks,
  listeningFor,
  type Occupied,
  type Spot,
  spotKey,
} from './spot.ts'
import { askAnew, type Draft, enter, leave, take, wait, withdraw } from './transition-draft.ts'
import { ALONE_MS, askAgainLater, dispute, doubtSoon, giveWay } from './transition-rivals.ts'
import type { TransitionEvent } from './transition-state.ts'

/** A disputed address is defended at most so often (RFC 5227, 2.4 c). */
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
    case 'taken':
      for (const { spot, phase } of [...draft.spots.values()]) {
        if (phase.kind !== 'answering' || !event.addresses.includes(spot.address)) continue
        withdraw(draft, spot, { kind: 'held', mac: undefined })
      }
      return
    case 'unasked':
      for (const spot of event.spots) {
        const phase = draft.spots.get(spotKey(spot))?.phase
        if (phase?.kind === 'answering') askAgainLater(draft, spot, phase)
        else if (phase !== undefined) wait(draft, spot, { kind: 'refused' })
      }
      return
    case 'answer':
    case 'probe':
    case 'missed':
    case 'asked':
    case 'ran-out':
      return
    default:
      unreachable(event)
  }
}

/** Draws the conclusions from a frame, or from one that was lost. */
export function hearEvent(draft: Draft, event: TransitionEvent): void {
  if (event.kind === 'answer' || event.kind === 'probe') hearFrame(draft, event)
  else if (event.kind === 'missed') missAnswers(draft, event.interface)
  else if (event.kind === 'asked') {
    for (const spot of event.spots) listenOn(draft, spot, event.at)
  }
}

/** What was asked late is listened for until later. */
function listenOn(draft: Draft, spot: Spot, askedAt: number): void {
  const phase = draft.spots.get(spotKey(spot))?.phase
  if (phase?.kind !== 'asking') return
  // It may have been asked for anew since then.
  enter(draft, spot, { ...phase, until: Math.max(phase.until, askedAt + listeningFor(phase)) })
}

/** Who has not answered may have: what is asked for is asked for from the beginning. */
function missAnswers(draft: Draft, name: string): void {
  for (const { spot, phase } of [...draft.spots.values()]) {
    if (spot.interface !== name) continue
    if (phase.kind === 'asking') askAnew(draft, spot, phase)
    else if (phase.kind === 'answering') askAgainLater(draft, spot, phase)
  }
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
    if (isLateAnswer(draft, phase)) giveWay(draft, spot, phase.looks, { kind: 'conflict', mac })
    else defend(draft, spot, dispute(draft, spot, phase, mac))
    return
  }
  // In a handover both answer for a moment; beats end it.
  if (member.node === phase.from || member.node === phase.yieldsTo) return
  // What was taken in this turn is not programmed yet.
  const rival = { kind: 'held', mac } as const
  if (draft.add.has(spotKey(spot))) withdraw(draft, spot, rival)
  else if (member.state === 'dead' && phase.looks !== undefined)
    giveWay(draft, spot, phase.looks, rival)
  else if (phase.asksAt !== undefined) return
  else if (phase.doubtedUntil > draft.now) withdraw(draft, spot, rival)
  else if (mac < present(draft.input.links.get(spot.interface))) doubtSoon(draft, spot, phase)
  else if (member.state === 'dead') {
    // It should give way, but may have no agent that could.
    defend(draft, spot, doubtSoon(draft, spot, phase, ALONE_MS))
  } else defend(draft, spot, phase)
}

/**
 * Returns whether what is heard may answer a question that was asked before the address was taken: then a stranger had
 * it before. It may also be a member that died before this agent heard it, and has a slow kernel.
 */
function isLateAnswer(
  { now, settings }: Draft,
  phase: Answering,
): phase is Answering & { readonly looks: Looks } {
  return phase.looks !== undefined && now - phase.looks.since < settings.timeout / 2
}

/** Contradicts another one, so that everybody knows where the address is. */
function defend(draft: Draft, spot: Spot, phase: Answering): void {
  if (draft.now - phase.defendedAt < DEFEND_MS) return
  draft.defences.push(spot)
  enter(draft, spot, { ...phase, defendedAt: draft.now })
}
