import { spotsByLink } from '../announce/announced.ts'
import { gratuitousFrames, probeFrame } from '../announce/frames.ts'
import type { Handover } from '../announce/handover.ts'
import type { NodeLink } from '../announce/links.ts'
import type { Spot } from '../announce/spot.ts'
import type { Step } from '../announce/step.ts'
import {
  answeredSpots,
  askedLate,
  type Transition,
  type TransitionEvent,
  type Turn,
} from '../announce/transition-state.ts'
import type { Changed, Responder } from '../dataplane/announce/responder.ts'
import type { Failed } from '../dataplane/outcome.ts'
import type { Address } from '../model/address.ts'
import { unreachable } from '../model/unreachable.ts'
import type { Claiming } from './sayings.ts'
import type { Wires } from './wires.ts'

/** What the steps of one turn need. */
interface StepParts {
  readonly responder: Responder
  readonly wires: Wires
  /** How long the kernel answers without the agent, in milliseconds. */
  readonly hold: number
  readonly links: readonly NodeLink[]
  /** What is offered to others. */
  readonly handovers: readonly Handover[]
  /** The state with which the next turn begins. */
  readonly state: Transition
  readonly beat: () => void
  /** Sends a beat soon, but not at once. */
  readonly oweBeat: () => void
  /** Makes the beats for those that hand over. */
  readonly claim: () => Claiming
  readonly greeted: (address: Address) => void
  readonly tell: (news: Extract<Step, { kind: 'tell' }>['news']) => void
  /** Gets the interfaces on which the responder could not do what it was told, and why. */
  readonly refused: (reasons: ReadonlyMap<string, string>) => void
}

/** What has to be known of the steps in the next turn, or why they ended before the last one. */
type Performed =
  | { readonly kind: 'performed'; readonly events: readonly TransitionEvent[] }
  | Failed

/**
 * Takes the steps in their order. After one that fails no further one is taken. While addresses change
 * hands two nodes answer, so whatever can wait comes after the commit and the claim.
 */
export async function perform(steps: readonly Step[], parts: StepParts): Promise<Performed> {
  const events: TransitionEvent[] = []
  let isListening = false
  const listen = (): void => {
    if (!isListening) hear(parts)
    isListening = true
  }
  const claim = isHandover(steps) ? parts.claim() : undefined
  const claimed = claim && once(claim.send)
  for (const step of steps) {
    if (step.kind === 'probe' || step.kind === 'gratuitous') listen()
    const changed = await changeKernel(step, parts, claimed)
    if (changed?.kind === 'failed') return changed
    if (changed?.kind === 'ran-out') return { kind: 'performed', events: [changed] }
    if (step.kind === 'program' && changed !== undefined && isWhole(changed)) claimed?.()
    if (changed?.taken !== undefined) events.push({ kind: 'taken', addresses: changed.taken })
    if (changed !== undefined) events.push(...refusals(changed, step, parts))
    if (step.kind === 'beat' && claim?.isWhole === true) parts.oweBeat()
    else events.push(...speak(step, parts))
  }
  listen()
  return { kind: 'performed', events }
}

/** Returns whether the kernel answers for all that it was told. */
function isWhole({ refused, taken }: Extract<Changed, { kind: 'programmed' }>): boolean {
  return refused.length === 0 && taken === undefined
}

/** Returns a function that does something the first time that it is called. */
function once(act: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) act()
    isDone = true
  }
}

/** Returns whether addresses are taken over from members or given to them, so that two nodes answer meanwhile. */
function isHandover(steps: readonly Step[]): boolean {
  return steps.some(
    (step) =>
      step.kind === 'tell' &&
      step.news.some(
        (news) =>
          (news.kind === 'taken' && news.from !== undefined) ||
          (news.kind === 'given' && news.to !== undefined),
      ),
  )
}

/** Listens to what concerns the addresses of the state. */
function hear({ wires, state, links }: StepParts): void {
  const spots = [...state.spots.values()].map(({ spot }) => spot)
  wires.listen(spotsByLink(spots, links))
}

/** Returns the turn with a step that programs, even if no address has moved. */
export function programming(next: Turn): Turn {
  if (next.steps.some(({ kind }) => kind === 'program' || kind === 'revive')) return next
  return { ...next, steps: [{ kind: 'program', add: [], remove: [] }, ...next.steps] }
}

/**
 * Returns the turn with a beat, even if none is due: after what the kernel is told, and before what goes to the LAN,
 * because that may be a question for each of a thousand addresses.
 */
export function beating(next: Turn): Turn {
  const { steps } = next
  if (steps.some(({ kind }) => kind === 'beat')) return next
  const at = steps.findIndex(
    ({ kind }) => kind === 'gratuitous' || kind === 'probe' || kind === 'tell',
  )
  const rest = at < 0 ? steps.length : at
  return { ...next, steps: [...steps.slice(0, rest), { kind: 'beat' }, ...steps.slice(rest)] }
}

/** Returns undefined for a step that asks nothing of the responder. */
async function changeKernel(
  step: Step,
  { responder, hold, state, links, handovers }: StepParts,
  done: (() => void) | undefined,
): Promise<Changed | undefined> {
  switch (step.kind) {
    case 'revive':
      return responder.revive(hold)
    case 'renew':
      return responder.renew(hold)
    case 'program':
      return responder.program(spotsByLink(answeredSpots(state), links), hold, {
        offered: handovers,
        ...(done && { done }),
      })
    case 'beat':
    case 'gratuitous':
    case 'probe':
    case 'tell':
      return undefined
    default:
      return unreachable(step)
  }
}

function refusals(
  changed: Extract<Changed, { kind: 'programmed' }>,
  step: Step,
  { state, refused }: StepParts,
): readonly TransitionEvent[] {
  const reasons = new Map(changed.refused.map(({ name, reason }) => [name, reason]))
  if (step.kind === 'program') refused(reasons)
  if (reasons.size === 0) return []
  const spots = answeredSpots(state).filter(({ interface: name }) => reasons.has(name))
  return [{ kind: 'refused', spots }]
}

/** Sends and tells; returns what could not be asked, because silence would mean nothing then. */
function speak(step: Step, parts: StepParts): readonly TransitionEvent[] {
  const { wires, links, beat, tell, greeted } = parts
  const macs = new Map(links.map(({ name, mac }) => [name, mac]))
  switch (step.kind) {
    case 'beat':
      beat()
      return []
    case 'gratuitous':
      for (const { address, interface: name } of step.spots) {
        const mac = macs.get(name)
        if (mac !== undefined && wires.send(name, gratuitousFrames(mac, address))) greeted(address)
      }
      return []
    case 'probe': {
      const unasked = step.spots.filter((spot) => !ask(spot, macs.get(spot.interface), wires))
      const asked = askedLate(parts.state, step.spots, performance.now())
      return unasked.length === 0 ? asked : [...asked, { kind: 'unasked', spots: unasked }]
    }
    case 'tell':
      tell(step.news)
      return []
    case 'revive':
    case 'renew':
    case 'program':
      return []
    default:
      return unreachable(step)
  }
}

function ask({ address, interface: name }: Spot, mac: string | undefined, wires: Wires): boolean {
  return mac !== undefined && wires.send(name, [probeFrame(mac, address)])
}
