import type { Address } from '../model/address.ts'

/** One address on one interface: what a node asks for, answers for and gives up by itself. */
export interface Spot {
  readonly address: Address
  readonly interface: string
}

/** Returns the key of a spot in maps. */
export function spotKey({ address, interface: name }: Spot): string {
  return `${name} ${address}`
}

/** Why a node does not answer although it should. */
export type Obstacle =
  /** A member with this MAC address still answers, or wants to. */
  | { readonly kind: 'held'; readonly mac: string | undefined }
  /** One that is no member answers. */
  | { readonly kind: 'conflict'; readonly mac: string }
  /** The kernel did not take the address. */
  | { readonly kind: 'refused' }

/** Where a node stands with a spot; one that it neither has nor wants is not in the map. */
export type Phase = Asking | Waiting | Answering

/** It has asked the wire, and listens whether anybody answers. */
export interface Asking {
  readonly kind: 'asking'
  readonly probes: number
  /** When the first probe of this attempt was sent. */
  readonly since: number
  readonly until: number
  /** Half of the time from the first probe to the verdict. */
  readonly gap: number
  /** How often this attempt began again, because this node was too late for a verdict. */
  readonly repeats: number
  /** Why the last attempt failed; undefined at the first. */
  readonly before: Obstacle | undefined
}

/** How often the wire is asked before silence is believed. */
export const PROBES = 3

/**
 * Returns for how long a probe is listened to. The last one comes shortly before the kernel is told to answer: a node
 * that begins to ask after it asks for the last time when the kernel has had nine tenths of the whole time for that.
 */
export function listeningFor({ probes, gap }: Pick<Asking, 'probes' | 'gap'>): number {
  return probes < PROBES ? 0.95 * gap : 0.1 * gap
}

/** It asks again later. */
interface Waiting {
  readonly kind: 'waiting'
  readonly until: number
  readonly obstacle: Obstacle
  /** The gap between probes when it asks again. */
  readonly gap: number
}

/** The kernel of this node answers. */
export interface Answering {
  readonly kind: 'answering'
  /** The member that handed it over and has not yet said that it is silent. */
  readonly from: string | undefined
  /** The owner, if that is another node: it has not yet said that it answers. */
  readonly yieldsTo: string | undefined
  /** Members to which it was offered, and no longer is: they may have begun to answer all the same. */
  readonly suspects: readonly Suspect[]
  /** Until then this node gives way to any member that answers as well. */
  readonly doubtedUntil: number
  /** When it asks the wire about that, and hears nothing before; undefined if it has asked. */
  readonly asksAt: number | undefined
  /** When the wire is asked again after an address was taken because nobody answered; undefined if it is not. */
  readonly looks: Looks | undefined
  /** One that is no member and claims the address as well; undefined if nobody does. */
  readonly dispute: Dispute | undefined
  /** How often the neighbours were told, and since when; undefined once they were told enough. */
  readonly greeting: Greeting | undefined
  /** When it last contradicted another one. */
  readonly defendedAt: number
}

/** One that may have taken an offer that was taken back meanwhile: it gives way when it hears of that. */
interface Suspect {
  readonly node: string
  /** It is not heard any more, and may have died before: the wire was asked. */
  readonly isDead: boolean
  /** Until then it may answer: without beats it gives way, and without its agent its kernel falls silent. */
  readonly until: number
}

/** The wire is asked again after silence was believed: the kernel of a member may have been late. */
export interface Looks {
  /** When the wire was asked for the first time. */
  readonly since: number
  /** When it is asked next. */
  readonly at: number
}

/** What is known of a stranger that claims an address for which this node answers. */
export interface Dispute {
  readonly mac: string
  /** How often the wire was asked since the stranger was heard. */
  readonly probes: number
  /** When it is asked next, or the dispute is over. */
  readonly until: number
}

/** How often the neighbours were told of an address that was taken, and when it was taken. */
export interface Greeting {
  readonly told: number
  readonly since: number
}

/** A spot and where the node stands with it. */
export interface Occupied {
  readonly spot: Spot
  readonly phase: Phase
}

export type Spots = ReadonlyMap<string, Occupied>
