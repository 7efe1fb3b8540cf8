import type { Address } from '../model/address.ts'
import { unreachable } from '../model/unreachable.ts'
import type { Beat, Claim, ClaimPart, Claims } from './beat.ts'
import { digestOf } from './beat-claims.ts'
import type { Member } from './member.ts'

/** What this node knows of the others; times are milliseconds of a clock that never steps. */
export interface Members {
  /** Milliseconds without a beat after which a member is dead. */
  readonly timeout: number
  readonly known: ReadonlyMap<string, KnownMember>
}

interface KnownMember extends ListedClaims {
  readonly beat: Beat
  /** When it counts as dead, unless another beat comes. */
  readonly deadline: number
  /** The parts of a newer list that have arrived. */
  readonly parts: ReadonlyMap<number, ClaimPart>
  /** What this node last offered to it. */
  readonly offered: Offered | undefined
  /** What it has taken of that, and the digest of its claims since. */
  readonly taken: Taken | undefined
}

interface Offered {
  /** The name of the offer; undefined if it has none yet, so that it cannot be taken by name. */
  readonly offer: string | undefined
  readonly addresses: ReadonlySet<Address>
}

interface Taken {
  readonly digest: string
  readonly addresses: ReadonlySet<Address>
}

/** The last claims that arrived whole, and their digest. */
interface ListedClaims extends Pick<Member, 'claims' | 'partly' | 'offers'> {
  readonly digest: string
}

type MembersEvent =
  | { readonly kind: 'beat'; readonly beat: Beat }
  /**
   * The timer of this node, due at `since`, came late by half the timeout or more: it has not
   * listened, and gives everybody one more interval before it calls them dead.
   */
  | { readonly kind: 'late'; readonly interval: number; readonly since: number }
  /** This node offers these addresses to a member, and no others. */
  | ({ readonly kind: 'offered'; readonly node: string } & Offered)
  /** The Nodes that there are: all others are forgotten. */
  | { readonly kind: 'nodes'; readonly nodes: ReadonlySet<string> }

/** Returns what a node knows that has heard nobody yet. */
export function noMembers(timeout: number): Members {
  return { timeout, known: new Map() }
}

/** Returns what is known after an event. A beat that is not newer than the last changes nothing. */
export function changeMembers(members: Members, event: MembersEvent, now: number): Members {
  switch (event.kind) {
    case 'beat':
      return hear(members, event.beat, now)
    case 'late':
      return changed(members, ([name, known]) => {
        if (known.deadline <= event.since) return [[name, known]]
        return [[name, { ...known, deadline: Math.max(known.deadline, now + event.interval) }]]
      })
    case 'offered': {
      const { node, offer, addresses } = event
      return changed(members, ([name, known]) => [
        [name, name === node ? { ...known, offered: { offer, addresses } } : known],
      ])
    }
    case 'nodes':
      return changed(members, (entry) => (event.nodes.has(entry[0]) ? [entry] : []))
    default:
      return unreachable(event)
  }
}

type Entry = readonly [string, KnownMember]

function changed(members: Members, change: (entry: Entry) => readonly Entry[]): Members {
  return { ...members, known: new Map([...members.known].flatMap(change)) }
}

const NOTHING: Omit<KnownMember, 'beat' | 'deadline' | 'parts'> = {
  ...listed(new Map()),
  ...{ digest: '', offered: undefined, taken: undefined },
}
const NO_ADDRESSES: ReadonlySet<Address> = new Set()
const NO_PARTS: KnownMember['parts'] = new Map()

function hear(members: Members, beat: Beat, now: number): Members {
  const former = members.known.get(beat.node)
  if (former !== undefined && !isNewer(beat, former, now)) return members
  const isSameRun = former?.beat.incarnation === beat.incarnation
  const parts = isSameRun && former.beat.digest === beat.digest ? former.parts : NO_PARTS
  const known: KnownMember = {
    ...(former ?? NOTHING),
    beat,
    taken: takenBy(beat, former),
    deadline: now + members.timeout,
    parts: beat.part === undefined ? parts : new Map(parts).set(beat.part.index, beat.part),
  }
  return { ...members, known: new Map(members.known).set(beat.node, joined(known)) }
}

/** What it has taken it answers for as long as its claims are those of the beat that said so. */
function takenBy({ digest, takes }: Beat, former: KnownMember | undefined): Taken | undefined {
  const offered = former?.offered
  if (takes === undefined || takes !== offered?.offer) return former?.taken
  return { digest, addresses: offered.addresses }
}

/**
 * After a silence a lower incarnation is believed: clocks step back when a machine starts again. A
 * beat of the same run is never believed twice.
 */
function isNewer(beat: Beat, { beat: last, deadline }: KnownMember, now: number): boolean {
  if (beat.incarnation === last.incarnation) return beat.sequence > last.sequence
  return beat.incarnation > last.incarnation || deadline <= now
}

/** Takes the parts for the claims once they are all there and are what the digest is of. */
function joined(known: KnownMember): KnownMember {
  const { beat, parts } = known
  const count = beat.part?.count
  if (count === undefined || parts.size < count || known.digest === beat.digest) return known
  const all: Claims = new Map([...parts.values()].flatMap((part) => [...part.claims]))
  if (digestOf(all) !== beat.digest) return { ...known, parts: NO_PARTS }
  return { ...known, ...listed(all), digest: beat.digest, parts: NO_PARTS }
}

function listed(all: Claims): Pick<Member, 'claims' | 'partly' | 'offers'> {
  const those = (kind: Claim): ReadonlySet<Address> =>
    new Set([...all].flatMap(([address, claim]) => (claim === kind ? address : [])))
  return { claims: new Set(all.keys()), partly: those('partly'), offers: those('offered') }
}

/** Returns the other nodes as they count at this moment, dead ones too. */
export function membersAt({ known }: Members, now: number): readonly Member[] {
  return [...known.values()].map(
    ({ beat, deadline, claims, partly, offers, digest, taken }): Member => ({
      node: beat.node,
      state: deadline <= now ? 'dead' : beat.state,
      settled: beat.settled,
      claims,
      partly,
      offers,
      taken: taken?.digest === beat.digest ? taken.addresses : NO_ADDRESSES,
      isCurrent: digest === beat.digest,
      macs: beat.links.map(({ mac }) => mac),
      interfaces: beat.links.map(({ name }) => name),
    }),
  )
}

/** The parts of a list come one right after the other: so many milliseconds after the last one some are lost. */
const ARRIVING_MS = 50

/** Returns whether this node must ask a member for its list of claims, in its next beat to it. */
export function lacksList({ known, timeout }: Members, node: string, now: number): boolean {
  const member = known.get(node)
  if (member === undefined || member.digest === member.beat.digest) return false
  const heardAt = member.deadline - timeout
  return member.parts.size === 0 || now >= heardAt + ARRIVING_MS
}

/** Returns when the next member dies if it stays silent; undefined if none lives. */
export function nextDeath({ known }: Members, now: number): number | undefined {
  const due = [...known.values()].map(({ deadline }) => deadline).filter((at) => at > now)
  return due.length === 0 ? undefined : Math.min(...due)
}
