import type { Address } from '../model/address.ts'
import type { Layer2Settings } from '../model/announce-settings.ts'
import type { Announcement } from './announcement.ts'
import type { Heard } from './frames.ts'
import type { Budgets } from './gratuitous.ts'
import type { Member } from './member.ts'
import { listeningFor, type Occupied, type Spot, type Spots, spotKey } from './spot.ts'
import type { Step } from './step.ts'

/** Times are milliseconds. */
export interface TransitionSettings {
  /** The name of this Node. */
  readonly node: string
  /** From one beat to the next. */
  readonly interval: number
  /** Without a beat for so long, a member is dead. */
  readonly timeout: number
  /** For so long the kernel goes on answering without the agent. */
  readonly hold: number
  /** For so long a newcomer ranks behind the others. */
  readonly settle: number
}

/** Returns the settings of a node as the operator chose them. */
export function transitionSettings(
  node: string,
  { hold, settle, members: { interval, timeout } }: Layer2Settings,
): TransitionSettings {
  return { node, hold, settle, interval, timeout }
}

/** What a node remembers from one turn to the next; times are those of a clock that never steps. */
export interface Transition {
  readonly settings: TransitionSettings
  readonly spots: Spots
  /** Nothing is taken or given before: it hears first who else is there. */
  readonly listensUntil: number
  /** From then on it ranks before newcomers. */
  readonly settledAt: number
  readonly renewedAt: number
  readonly beatAt: number
  readonly links: Links
  readonly standing: Standing
  readonly isSettled: boolean
  readonly budgets: Budgets
  /** When it wants to be called next, at the latest. */
  readonly due: number
}

/** The interfaces with carrier on which this node may announce, and their MAC addresses. */
type Links = ReadonlyMap<string, string>

/** What a node says of itself. */
type Standing = Exclude<Member['state'], 'dead'>

/** What has happened since the last turn. */
export type TransitionEvent =
  /** A frame came in on an interface. */
  | (Heard & { readonly interface: string })
  /** Frames on the interface were lost before they were read, so that silence tells nothing. */
  | { readonly kind: 'missed'; readonly interface: string }
  /** The interface had no carrier for a moment, even if it has now. */
  | { readonly kind: 'lost'; readonly interface: string }
  /** The kernel refused to add these. */
  | { readonly kind: 'refused'; readonly spots: readonly Spot[] }
  /** Another node took these before the kernel heard that they are not offered to it any more. */
  | { readonly kind: 'taken'; readonly addresses: readonly Address[] }
  /** The wire could not be asked about these, so that silence tells nothing. */
  | { readonly kind: 'unasked'; readonly spots: readonly Spot[] }
  /** The wire was asked about these long after the turn began that wanted it. */
  | { readonly kind: 'asked'; readonly spots: readonly Spot[]; readonly at: number }
  /** The kernel had fallen silent, so it refused to renew. */
  | { readonly kind: 'ran-out' }

/** What a turn looks at. */
export interface TurnInput {
  readonly now: number
  /** Who is the owner of each address, worked out with these members. */
  readonly wanted: readonly Duty[]
  readonly members: readonly Member[]
  readonly links: Links
  readonly standing: Standing
  readonly events: readonly TransitionEvent[]
}

/** What matters of an announcement. */
export type Duty = Pick<Announcement, 'address' | 'owner' | 'interfaces'>

/** What a turn gives. */
export interface Turn {
  readonly state: Transition
  readonly steps: readonly Step[]
}

/**
 * Returns what is to be known in the next turn of spots about which the wire was asked at `at`: if steps before
 * that took long, less than half of the time is left to listen.
 */
export function askedLate(
  { spots }: Pick<Transition, 'spots'>,
  asked: readonly Spot[],
  at: number,
): readonly TransitionEvent[] {
  const late = asked.filter((spot) => {
    const phase = spots.get(spotKey(spot))?.phase
    return phase?.kind === 'asking' && phase.until - at < listeningFor(phase) / 2
  })
  return late.length === 0 ? [] : [{ kind: 'asked', spots: late, at }]
}

/** Returns the spots for which the kernel of this node answers. */
export function answeredSpots({ spots }: Pick<Transition, 'spots'>): readonly Spot[] {
  return [...spots.values()]
    .filter(({ phase }) => phase.kind === 'answering')
    .map(({ spot }) => spot)
}

/** Returns whether this node hands over an address, or takes one over, and two nodes may answer. */
export function isHandingOver({ spots }: Pick<Transition, 'spots'>): boolean {
  return [...spots.values()].some(
    ({ phase }) => phase.kind === 'answering' && (phase.from ?? phase.yieldsTo) !== undefined,
  )
}

/**
 * Returns since when nobody has looked at the clock, if that was half of the timeout too late; else
 * undefined. The members are told so (`late`) before the owners are worked out.
 */
export function lateSince({ due, settings }: Transition, now: number): number | undefined {
  return now - due >= settings.timeout / 2 ? due : undefined
}

/** Returns spots as a map. */
export function spotsOf(occupied: readonly Occupied[]): Spots {
  return new Map(occupied.map((each) => [spotKey(each.spot), each]))
}
