import type { Member } from './member.ts'
import {
  type Answering,
  type Asking,
  type Looks,
  listeningFor,
  type Obstacle,
  type Occupied,
  type Phase,
  PROBES,
  type Spot,
  spotKey,
} from './spot.ts'
import type { News } from './step.ts'
import type { Transition, TransitionSettings, TurnInput } from './transition-state.ts'

/** Half of the time from the first probe to the verdict (compare RFC 5227, 1.1). */
export const PROBE_GAP_MS = 50
/** So many spots are looked at in one turn: hundreds of frames at once would hold up what is urgent. */
const MOST_LOOKS = 100
/** A node that is late at each verdict asks so many times more, and then believes what it hears. */
const MOST_REPEATS = 4
export const HELD_MS = 100
export const CONFLICT_MS = 1_000
/** Where one handover ends others may be under way, for which whatever is not urgent waits so long. */
export const HANDOVER_MS = 10

/** What a turn has worked out so far. */
export interface Draft {
  readonly now: number
  readonly settings: TransitionSettings
  readonly input: TurnInput
  readonly members: ReadonlyMap<string, Member>
  readonly spots: Map<string, Occupied>
  readonly add: Map<string, Spot>
  readonly remove: Map<string, Spot>
  readonly probes: Spot[]
  readonly defences: Spot[]
  /** How many spots may still be looked at in this turn; the others wait for the next one. */
  looks: number
  readonly news: News[]
  /** Claims or offers have changed, so that the others have to know at once. */
  changed: boolean
}

/** Returns the draft with which a turn begins. */
export function draftOf(state: Transition, input: TurnInput): Draft {
  return {
    now: input.now,
    settings: state.settings,
    input,
    members: new Map(input.members.map((member) => [member.node, member])),
    spots: new Map(state.spots),
    add: new Map(),
    remove: new Map(),
    probes: [],
    defences: [],
    looks: MOST_LOOKS,
    news: [],
    changed: false,
  }
}

/** Puts a spot into another phase. */
export function enter({ spots }: Draft, spot: Spot, phase: Phase): void {
  spots.set(spotKey(spot), { spot, phase })
}

/** Asks the wire for the first time, or anew after an obstacle. */
export function ask(
  draft: Draft,
  spot: Spot,
  before: Obstacle | undefined,
  gap: number = gapOf(draft.settings),
): void {
  askAnew(draft, spot, { kind: 'asking', since: draft.now, gap, repeats: 0, before })
}

/** Asks from the beginning, such as because silence told nothing. */
export function askAnew(draft: Draft, spot: Spot, phase: Omit<Asking, 'probes' | 'until'>): void {
  draft.probes.push(spot)
  enter(draft, spot, {
    ...phase,
    probes: 1,
    until: draft.now + listeningFor({ probes: 1, gap: phase.gap }),
  })
}

/** Who gives others more time until they count as dead gives their kernels more time to answer. */
function gapOf({ timeout }: TransitionSettings): number {
  return Math.max(PROBE_GAP_MS, timeout / 12)
}

/**
 * No answer has come: asks once more, or takes the spot. A node that is late by more than a gap may not have
 * been given yet what has arrived, and its machine may be too busy to answer or to ask in time.
 */
export function askOn(draft: Draft, spot: Spot, phase: Asking): void {
  const { until, gap, repeats, before } = phase
  if (draft.now - until > gap && repeats < MOST_REPEATS) {
    askAnew(draft, spot, { ...phase, repeats: repeats + 1 })
    return
  }
  if (phase.probes >= PROBES) {
    take(draft, spot, undefined, looksFrom(draft, phase.since))
    if (before?.kind === 'conflict') draft.news.push({ kind: 'undisputed', spot, mac: before.mac })
    return
  }
  const probes = phase.probes + 1
  draft.probes.push(spot)
  enter(draft, spot, { ...phase, probes, until: draft.now + listeningFor({ probes, gap }) })
}

/**
 * Begins to answer: from a member that hands it over, or because nobody answers. In a handover the
 * neighbours are told soon after the other one is silent: telling them of hundreds of addresses takes time, in
 * which both would answer.
 */
export function take(draft: Draft, spot: Spot, from: string | undefined, looks?: Looks): void {
  const phase = { ...adopted(draft.now), doubtedUntil: Number.NEGATIVE_INFINITY, from, looks }
  enter(draft, spot, from === undefined ? greeting(draft, phase) : phase)
  draft.add.set(spotKey(spot), spot)
  draft.changed = true
  draft.news.push({ kind: 'taken', spot, from })
}

/**
 * Returns when the wire is asked again: when twice as much time has passed since the first question, and at the
 * end, when a kernel that has lost its agent has fallen silent.
 */
export function looksFrom({ now, settings: { hold } }: Draft, since: number): Looks {
  return { since, at: Math.min(2 * now - since, since + hold) }
}

/** Returns the phase of a spot that the neighbours are told about, beginning after so many milliseconds. */
export function greeting(draft: Draft, phase: Answering, after = 0): Answering {
  return { ...phase, greeting: { told: 0, since: draft.now + after } }
}

/** Returns the phase of a spot for which the kernel answered before this agent began. */
export function adopted(doubtedUntil: number): Answering {
  const defendedAt = Number.NEGATIVE_INFINITY
  const alone = { from: undefined, yieldsTo: undefined, suspects: [] }
  const undisputed = { looks: undefined, dispute: undefined, asksAt: undefined }
  return {
    ...{ ...alone, ...undisputed, greeting: undefined },
    ...{ kind: 'answering', doubtedUntil, defendedAt },
  }
}

/** Ceases to answer, or to ask. */
export function leave(draft: Draft, { spot, phase }: Occupied, to: string | undefined): void {
  draft.spots.delete(spotKey(spot))
  if (phase.kind !== 'answering') return
  silence(draft, spot)
  draft.news.push({ kind: 'given', spot, to })
}

/** What may have the address as well: a member, or a stranger. */
export type Rival = Exclude<Obstacle, { kind: 'refused' }>

/** Ceases to answer because another one may answer, and asks the wire before it does again. */
export function withdraw(draft: Draft, spot: Spot, rival: Rival, gap?: number): void {
  silence(draft, spot)
  draft.news.push({ kind: 'withdrawn', spot, mac: rival.mac })
  wait(draft, spot, rival, gap)
}

function silence(draft: Draft, spot: Spot): void {
  const key = spotKey(spot)
  if (!draft.add.delete(key)) draft.remove.set(key, spot)
  draft.changed = true
}

/** Tries again later; the same obstacle is reported once. */
export function wait(draft: Draft, spot: Spot, obstacle: Obstacle, longer?: number): void {
  const phase = draft.spots.get(spotKey(spot))?.phase
  const before = phase?.kind === 'asking' ? phase.before : undefined
  const until = draft.now + (obstacle.kind === 'held' ? HELD_MS : CONFLICT_MS)
  const former = phase === undefined || phase.kind === 'answering' ? undefined : phase.gap
  const gap = longer ?? former ?? gapOf(draft.settings)
  enter(draft, spot, { kind: 'waiting', until, obstacle, gap })
  // An address that is claimed on other interfaces may have waited for this one.
  if (before === undefined) draft.changed = true
  // A member that answers as well was told of already, when this node gave way to it.
  const isTold = phase?.kind === 'answering' && obstacle.kind !== 'conflict'
  if (!isTold && !isSame(before, obstacle)) draft.news.push({ kind: 'waits', spot, obstacle })
}

function isSame(a: Obstacle | undefined, b: Obstacle): boolean {
  return a?.kind === b.kind && macOf(a) === macOf(b)
}

function macOf(obstacle: Obstacle): string | undefined {
  return obstacle.kind === 'refused' ? undefined : obstacle.mac
}
