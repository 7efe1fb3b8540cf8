import {
  clientsSet,
  type Front,
  isSeatedSet,
  numberOf,
  type Reach,
  seatedSet,
  seatMap,
  stickySet,
} from '../ruleset/sets.ts'
import type { Chain, Rule } from '../ruleset/types.ts'
import {
  chain,
  daddr,
  dport,
  frontKey,
  hasPorts,
  inSet,
  originalKey,
  rule,
  saddr,
} from './rule-parts.ts'
import { stepFor, stepsTo } from './seats.ts'

/**
 * Session affinity (ADR 0006): which client was sent to which seat is in the kernel's memory, a set
 * for each seat. The chains go through the seats, in steps of twice as many, so that a Service with
 * few endpoints does not pay for one with many.
 */

/** The learned sets that these sets call for. */
export function learnedSets(sets: Iterable<string>): ReadonlySet<string> {
  return new Set([...sets].filter(isSeatedSet).map((name) => clientsSet(numberOf(name))))
}

/** Sends VIPs with affinity to the chain that looks for their client; it comes back if in vain. */
export function recallRules(front: Front, reach: Reach, sets: readonly string[]): readonly Rule[] {
  return stepsOf(front, sets).map((seats) =>
    rule(inSet(frontKey(front), stickySet(front, seats)), {
      kind: 'jump',
      chain: recallChain(front, reach, seats),
    }),
  )
}

/** Sends translated connections of VIPs with affinity to the chain that notes where they went. */
export function rememberRules(sets: readonly string[]): readonly Rule[] {
  return FRONTS.flatMap((front) =>
    stepsOf(front, sets).map((seats) =>
      rule(hasPorts, inSet(originalKey(front), stickySet(front, seats)), {
        kind: 'goto',
        chain: rememberChain(front, seats),
      }),
    ),
  )
}

export function affinityChains(sets: readonly string[]): readonly Chain[] {
  const seats = [...learnedSets(sets)].map(numberOf).sort((a, b) => a - b)
  const seated = sets.filter(isSeatedSet)
  return FRONTS.flatMap((front) => {
    const top = Math.max(0, ...stepsOf(front, sets))
    return [
      ...REACHES.flatMap((reach) =>
        ladder(
          top,
          (step) => recallChain(front, reach, step),
          seats,
          (seat) => recall(front, reach, seat),
        ),
      ),
      ...ladder(
        top,
        (step) => rememberChain(front, step),
        seats,
        (seat) => remember(front, seat, seated),
      ),
    ]
  })
}

const FRONTS: readonly Front[] = ['vip', 'node-port']
const REACHES: readonly Reach[] = ['all', 'local']

/** A chain for each step: the seats that the step below does not have, and on to that one. */
function ladder(
  top: number,
  name: (step: number) => string,
  seats: readonly number[],
  rulesOf: (seat: number) => readonly Rule[],
): readonly Chain[] {
  return stepsTo(top).map((step) => {
    const own = seats.filter((seat) => stepFor(seat + 1) === step).flatMap(rulesOf)
    const down = rule({ kind: 'goto', chain: name(step / 2) })
    return chain(name(step), [...own, down])
  })
}

/** Who is known to this seat is led there; if nobody sits there any more, that is forgotten. */
function recall(front: Front, reach: Reach, seat: number): readonly Rule[] {
  const client = [saddr, ...frontKey('vip')]
  return [
    rule(inSet(client, clientsSet(seat)), hasPorts, {
      kind: 'dnat',
      key: frontKey(front),
      map: seatMap(front, reach, seat),
    }),
    rule({ kind: 'forget', set: clientsSet(seat), key: client }),
  ]
}

/** Notes the client of whoever was sent to this seat, or starts the time anew. */
function remember(front: Front, seat: number, seated: readonly string[]): readonly Rule[] {
  const key = [...originalKey(front), daddr, dport]
  const client = [saddr, ...originalKey('vip')]
  return timeoutsOf(front, seat, seated).map((seconds) =>
    rule(hasPorts, inSet(key, seatedSet(front, seconds, seat)), {
      kind: 'remember',
      set: clientsSet(seat),
      key: client,
      seconds,
    }),
  )
}

function timeoutsOf(front: Front, seat: number, seated: readonly string[]): readonly number[] {
  return seated
    .map((name) => Number(name.split('-').at(-2)))
    .filter((seconds, at) => seated[at] === seatedSet(front, seconds, seat))
    .sort((a, b) => a - b)
}

/** The steps on which VIPs (or node ports) of those sets stand. */
function stepsOf(front: Front, sets: readonly string[]): readonly number[] {
  return sets
    .map(numberOf)
    .filter((seats, at) => sets[at] === stickySet(front, seats) && seats === stepFor(seats))
    .sort((a, b) => a - b)
}

function recallChain(front: Front, reach: Reach, seats: number): string {
  return `recall${front === 'vip' ? '' : '-node-port'}${reach === 'all' ? '' : '-local'}-${seats}`
}

function rememberChain(front: Front, seats: number): string {
  return `remember${front === 'vip' ? '' : '-node-port'}-${seats}`
}
