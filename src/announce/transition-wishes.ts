import type { Address } from '../model/address.ts'
import { unreachable } from '../model/unreachable.ts'
import type { Member } from './member.ts'
import { type Answering, type Occupied, type Spot, spotKey } from './spot.ts'
import { ask, type Draft, enter, greeting, HANDOVER_MS, leave } from './transition-draft.ts'
import { offers } from './transition-evidence.ts'
import { doubt, doubtGiver, doubtGone, doubtSoon } from './transition-rivals.ts'
import type { Duty } from './transition-state.ts'

/** Compares what this node has with what it should have: asks for what is missing, gives the rest. */
export function followWishes(draft: Draft): void {
  const { input, settings, spots } = draft
  const duties = new Map<Address, Duty>(input.wanted.map((duty) => [duty.address, duty]))
  for (const occupied of [...spots.values()]) {
    follow(draft, occupied, duties.get(occupied.spot.address))
  }
  for (const { address, owner, interfaces } of input.wanted) {
    if (owner !== settings.node) continue
    for (const name of interfaces) {
      const spot = { address, interface: name }
      if (input.links.has(name) && !spots.has(spotKey(spot))) ask(draft, spot, undefined)
    }
  }
}

function follow(draft: Draft, occupied: Occupied, duty: Duty | undefined): void {
  const { spot, phase } = occupied
  const owner = duty?.owner
  const isMine = owner === draft.settings.node
  if (owner === undefined || (isMine && duty?.interfaces.includes(spot.interface) !== true)) {
    leave(draft, occupied, undefined)
    return
  }
  switch (phase.kind) {
    case 'asking':
      if (!isMine) leave(draft, occupied, owner)
      return
    case 'waiting':
      if (!isMine) leave(draft, occupied, owner)
      else if (phase.obstacle.kind !== 'refused' && isOffered(draft, occupied)) {
        ask(draft, spot, phase.obstacle, phase.gap)
      }
      return
    case 'answering': {
      const held = { spot, phase: suspect(draft, { spot, phase }) }
      if (isMine) keep(draft, held)
      else giveTo(draft, held, owner)
      return
    }
    default:
      unreachable(phase)
  }
}

function isOffered({ members }: Draft, { spot }: Occupied): boolean {
  return [...members.values()].some((member) => offers(member, spot))
}

type Held = Occupied & { readonly phase: Answering }

/**
 * Asks the wire when one that was offered the spot is not heard any more: it may have begun to answer, and
 * have died before it heard that the offer was taken back. Forgets those that cannot answer any more. Returns
 * the phase that the spot is in now.
 */
function suspect(draft: Draft, { spot, phase }: Held): Answering {
  const former = phase.suspects
  const suspects = former.flatMap((each) => {
    if (each.until <= draft.now) return []
    const isNowDead = isDead(draft, each.node)
    return isNowDead === each.isDead ? each : { ...each, isDead: isNowDead }
  })
  const news = suspects.filter((each) => !former.includes(each))
  if (news.length === 0 && suspects.length === former.length) return phase
  const next = { ...phase, suspects }
  if (news.some((each) => each.isDead)) return doubt(draft, spot, { ...next, asksAt: draft.now })
  enter(draft, spot, next)
  return next
}

function isDead({ members }: Draft, node: string): boolean {
  return (members.get(node)?.state ?? 'dead') === 'dead'
}

/** This node is the owner and answers. */
function keep(draft: Draft, held: Held): void {
  const { phase } = held
  if (phase.from !== undefined) confirm(draft, held, phase.from)
  else if (phase.yieldsTo !== undefined) yieldTo(draft, held, undefined)
}

/**
 * The one that handed over must say that it no longer answers. If it is not heard any more, the wire is asked: its
 * kernel may have heard the claim, or not.
 */
function confirm(draft: Draft, { spot, phase }: Held, from: string): void {
  const member = draft.members.get(from)
  if (member === undefined || member.state === 'dead') {
    doubtGone(draft, spot, phase)
    return
  }
  if (!member.isCurrent || offers(member, spot)) return
  if (member.claims.has(spot.address)) doubtGiver(draft, spot, phase)
  else {
    // A third one may be the owner by now, and is offered it only from here on.
    if (phase.yieldsTo !== undefined) draft.changed = true
    enter(draft, spot, greeting(draft, { ...phase, from: undefined }, HANDOVER_MS))
  }
}

/**
 * Another one is the owner from now on. The former one may have begun to answer, and have died before it
 * said so: nobody is offered the address before the wire was asked. Returns the phase that the spot is
 * in now.
 */
function yieldTo(draft: Draft, { spot, phase }: Held, owner: string | undefined): Answering {
  const next = { ...phase, yieldsTo: owner }
  const { yieldsTo: former } = phase
  draft.changed = true
  if (former !== undefined) {
    const others = phase.suspects.filter(({ node }) => node !== former)
    const { timeout, hold } = draft.settings
    const until = draft.now + timeout + hold
    const one = { node: former, isDead: isDead(draft, former), until }
    const suspected = { ...next, suspects: [...others, one] }
    // Its kernel may still be at work.
    if (!one.isDead) return doubtSoon(draft, spot, suspected)
    return doubt(draft, spot, { ...suspected, asksAt: draft.now })
  }
  enter(draft, spot, next)
  return next
}

function answersWholly({ isCurrent, claims, partly }: Member, { address }: Spot): boolean {
  return isCurrent && claims.has(address) && !partly.has(address)
}

/** Another node is the owner: this one answers until the owner does. */
function giveTo(draft: Draft, held: Held, owner: string): void {
  const { spot, phase } = held
  const member = draft.members.get(owner)
  const isLive = member !== undefined && member.state !== 'dead'
  if (isLive && (answersWholly(member, spot) || member.taken.has(spot.address))) {
    leave(draft, held, owner)
    return
  }
  const current = phase.yieldsTo === owner ? phase : yieldTo(draft, held, owner)
  if (phase.from !== undefined) confirm(draft, { spot, phase: current }, phase.from)
}
