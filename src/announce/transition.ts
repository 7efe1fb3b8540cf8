import { affordable, greeted, greetingDue, REFILL_MS } from './gratuitous.ts'
import type { Occupied, Phase, Spot } from './spot.ts'
import type { Step } from './step.ts'
import {
  adopted,
  ask,
  askAnew,
  askOn,
  type Draft,
  draftOf,
  enter,
  greeting,
} from './transition-draft.ts'
import { hearEvent, leaveInterface, loseSpots } from './transition-evidence.ts'
import { askWhileAnswering } from './transition-rivals.ts'
import {
  lateSince,
  spotsOf,
  type Transition,
  type TransitionSettings,
  type Turn,
  type TurnInput,
} from './transition-state.ts'
import { followWishes } from './transition-wishes.ts'

// Who answers for an address on layer 2, as a state machine without a clock: it is called with the time
// and with what has happened, and says what to do and when to call it next. The answer itself is the
// fence: as long as anything answers that does not hand over, nobody else begins
// (docs/adr/0028-layer-2-fence.md).

/** What an agent finds when it starts. */
interface Found {
  /** Whether the kernel still answers. */
  readonly isAlive: boolean
  /** What is in its sets. */
  readonly spots: readonly Spot[]
}

/**
 * Returns how an agent begins. If the kernel still answers, nobody can have taken over: the agent
 * adopts what is there and asks whether that is so. Otherwise it empties the sets first.
 */
export function begin(settings: TransitionSettings, { isAlive, spots }: Found, now: number): Turn {
  const listensUntil = now + settings.timeout
  const kept = isAlive ? spots : []
  const state: Transition = {
    settings,
    spots: spotsOf(kept.map((spot) => ({ spot, phase: adopted(listensUntil) }))),
    listensUntil,
    settledAt: isAlive ? now : now + settings.settle,
    renewedAt: now,
    beatAt: now,
    links: new Map(),
    standing: 'live',
    isSettled: isAlive,
    budgets: new Map(),
    due: now,
  }
  const probe: readonly Step[] = kept.length === 0 ? [] : [{ kind: 'probe', spots: kept }]
  // Programming what is there changes nothing, but makes the table this agent's own.
  const adopt: Step = { kind: 'program', add: [], remove: [] }
  return { state, steps: isAlive ? [adopt, ...probe] : [{ kind: 'revive' }] }
}

/**
 * Returns what to do now, and the state with which the next turn begins: at `due` at the latest, and
 * at once when there are events, other members, other owners or other links. Before a turn that is
 * due, what has arrived is read from the wire: it may show that silence was none.
 */
export function turn(state: Transition, input: TurnInput): Turn {
  const { settings, renewedAt } = state
  const hasRunOut = input.events.some(({ kind }) => kind === 'ran-out')
  if (hasRunOut || input.now >= renewedAt + settings.hold) return beginAnew(state, input)
  const draft = draftOf(state, input)
  for (const event of input.events) loseSpots(draft, event)
  leaveInterface(draft, (name) => !input.links.has(name))
  const listens = input.now < state.listensUntil
  if (!listens) followWishes(draft)
  for (const event of input.events) hearEvent(draft, event)
  if (!listens) askAgain(draft, lateSince(state, input.now) !== undefined)
  greetAgain(draft, state)
  return finish(draft, state)
}

function beginAnew(state: Transition, input: TurnInput): Turn {
  const begun = begin(state.settings, { isAlive: false, spots: [] }, input.now)
  const told: Step = { kind: 'tell', news: [{ kind: 'ran-out' }] }
  const { links, standing } = input
  return { state: { ...begun.state, links, standing }, steps: [...begun.steps, told] }
}

/** A Node that did not listen has not heard silence, and asks from the beginning. */
function askAgain(draft: Draft, isLate: boolean): void {
  for (const { spot, phase } of [...draft.spots.values()]) {
    if (phase.kind === 'asking' && isLate) askAnew(draft, spot, phase)
    else if (phase.kind === 'answering') askWhileAnswering(draft, spot, phase, isLate)
    else if (phase.until > draft.now) continue
    else if (phase.kind === 'asking') askOn(draft, spot, phase)
    else ask(draft, spot, phase.obstacle, phase.gap)
  }
}

/** The neighbours are told again of an address that has a new MAC address. */
function greetAgain(draft: Draft, { links }: Transition): void {
  for (const { spot, phase } of [...draft.spots.values()]) {
    const former = links.get(spot.interface)
    if (phase.kind !== 'answering' || former === undefined) continue
    if (former === draft.input.links.get(spot.interface)) continue
    enter(draft, spot, greeting(draft, phase))
  }
}

function finish(draft: Draft, state: Transition): Turn {
  const { now, input } = draft
  const { settings } = state
  const { spots: told, budgets } = greet(draft, state)
  const isSettled = now >= state.settledAt || isAmongNewcomers(state, input)
  const isNews = draft.changed || isSettled !== state.isSettled || input.standing !== state.standing
  const beats = isNews || now >= state.beatAt
  const programs = draft.add.size + draft.remove.size > 0
  const renews = programs || now >= state.renewedAt + renewalOf(settings)
  const next = {
    ...state,
    ...{ spots: draft.spots, links: input.links, standing: input.standing, isSettled, budgets },
    settledAt: isSettled ? Math.min(state.settledAt, now) : state.settledAt,
    renewedAt: renews ? now : state.renewedAt,
    beatAt: beats ? now + settings.interval : state.beatAt,
  }
  const steps = stepsOf(draft, { renews, programs, beats, told: [...draft.defences, ...told] })
  return { state: { ...next, due: dueOf(next, now) }, steps }
}

/**
 * Where nobody has settled there is nothing that a newcomer could disturb. So the first of a fleet that
 * starts has its addresses, and each address moves at most once until all have settled.
 */
function isAmongNewcomers({ listensUntil }: Transition, { now, members }: TurnInput): boolean {
  if (now < listensUntil) return false
  return members.every(({ settled, state }) => !settled || state === 'dead')
}

/** The kernel is renewed ten times before it would fall silent. */
function renewalOf({ hold }: TransitionSettings): number {
  return hold / 10
}

interface Doing {
  readonly renews: boolean
  readonly programs: boolean
  readonly beats: boolean
  readonly told: readonly Spot[]
}

function stepsOf(draft: Draft, { renews, programs, beats, told }: Doing): readonly Step[] {
  const { add, remove, probes, news } = draft
  const program: Step = { kind: 'program', add: [...add.values()], remove: [...remove.values()] }
  const steps: readonly (Step | false)[] = [
    programs ? program : renews && { kind: 'renew' },
    beats && { kind: 'beat' },
    told.length > 0 && { kind: 'gratuitous', spots: told },
    probes.length > 0 && { kind: 'probe', spots: probes },
    news.length > 0 && { kind: 'tell', news },
  ]
  return steps.filter((step) => step !== false)
}

/** Chooses the addresses that the neighbours are told of now, and notes that they were. */
function greet(
  draft: Draft,
  state: Transition,
): { readonly spots: readonly Spot[]; readonly budgets: Transition['budgets'] } {
  const due = [...draft.spots.values()].flatMap(({ spot, phase }) => {
    if (phase.kind !== 'answering' || phase.yieldsTo !== undefined) return []
    const { greeting } = phase
    const isDue = greeting !== undefined && greetingDue(greeting) <= draft.now
    return isDue ? [{ spot, phase, greeting }] : []
  })
  const { greeters, budgets } = affordable(due, state.budgets, draft.now)
  for (const { spot, phase, greeting } of greeters) {
    enter(draft, spot, { ...phase, greeting: greeted(greeting) })
  }
  return { spots: greeters.map(({ spot }) => spot), budgets }
}

const NEVER = Number.POSITIVE_INFINITY

function dueOf(state: Omit<Transition, 'due'>, now: number): number {
  const { listensUntil, settledAt, renewedAt, beatAt, settings } = state
  const later = [listensUntil, settledAt].filter((at) => at > now)
  const spots = [...state.spots.values()].map((occupied) => dueOfSpot(occupied, now))
  return Math.min(...later, renewedAt + renewalOf(settings), beatAt, minimum(spots))
}

function dueOfSpot({ phase }: Occupied, now: number): number {
  const due = phaseDue(phase)
  // What is overdue waits for packets, or for the end of listening.
  return due <= now ? now + REFILL_MS : due
}

function phaseDue(phase: Phase): number {
  if (phase.kind !== 'answering') return phase.until
  const { asksAt = NEVER, dispute, looks, yieldsTo, greeting } = phase
  const greets = yieldsTo === undefined && greeting !== undefined
  const asks = Math.min(asksAt, dispute?.until ?? NEVER, looks?.at ?? NEVER)
  return Math.min(asks, greets ? greetingDue(greeting) : NEVER)
}

/** Thousands of values are too many arguments for `Math.min`. */
function minimum(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY)
}
