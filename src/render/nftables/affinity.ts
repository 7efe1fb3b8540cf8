import {
  clientsSet,
  type Front,
  numberOf,
  type Reach,
  rememberChain,
  remembering,
  SETS,
  seatedMap,
  seatMap,
  stickySet,
} from '../../ruleset/nftables/sets.ts'
import type { Chain, Rule, Statement } from '../../ruleset/nftables/types.ts'
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

const MINUTE = 60
const HOUR = 60 * MINUTE

/** The times that the kernel is asked to remember clients for, in seconds: all that people write. */
const TIMES: readonly number[] = [
  ...[1, 2, 5, 10, 15, 20, 30],
  ...[1, 1.5, 2, 3, 5, 10, 15, 20, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 4, 6, 8, 12, 24].map((hours) => hours * HOUR),
]

/**
 * How long clients are remembered who are to be remembered for so long: the next time of few, for
 * each of them costs a chain for each seat. Never shorter.
 */
export function rememberedFor(seconds: number): number {
  return TIMES.find((time) => time >= seconds) ?? seconds
}

/** The learned sets that chains of these names call for. */
export function learnedSets(names: Iterable<string>): ReadonlySet<string> {
  const seats = [...names].flatMap((name) => remembering(name)?.seat ?? [])
  return new Set(seats.length === 0 ? [] : [...seats.map(clientsSet), SETS.crowded])
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
export function rememberRules(): readonly Rule[] {
  return FRONTS.map((front) =>
    rule(hasPorts, {
      kind: 'verdict-map',
      key: [...originalKey(front), daddr, dport],
      map: seatedMap(front),
    }),
  )
}

export function affinityChains(names: readonly string[]): readonly Chain[] {
  const seats = [...learnedSets(names)].filter((set) => set !== SETS.crowded).map(numberOf)
  const inOrder = seats.sort((a, b) => a - b)
  return [
    ...FRONTS.flatMap((front) => {
      const top = Math.max(0, ...stepsOf(front, names))
      return REACHES.flatMap((reach) => recallChains(front, reach, top, inOrder))
    }),
    ...rememberChains(names),
  ]
}

const FRONTS: readonly Front[] = ['vip', 'node-port']
const REACHES: readonly Reach[] = ['all', 'local']

/**
 * A chain for each step: the seats that the step below does not have, and on to that one. Whom no
 * seat knows, of a VIP that is crowded, is led by hash: it stays although it is not remembered.
 */
function recallChains(
  front: Front,
  reach: Reach,
  top: number,
  seats: readonly number[],
): readonly Chain[] {
  const byClient: Statement = { kind: 'goto', chain: byClientChain(front, reach) }
  return stepsTo(top).map((step) => {
    const own = seats
      .filter((seat) => stepFor(seat + 1) === step)
      .flatMap((seat) => recall(front, reach, seat))
    const down =
      step === stepFor(0)
        ? rule(inSet(frontKey('vip'), SETS.crowded), byClient)
        : rule({ kind: 'goto', chain: recallChain(front, reach, step / 2) })
    return chain(recallChain(front, reach, step), [...own, down])
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

/**
 * Notes the client of whoever was sent to this seat, or starts the time anew. Where the set is full
 * the first rule does not match; then the VIP counts as crowded, for as long as its clients stay.
 */
function rememberChains(names: readonly string[]): readonly Chain[] {
  const vip = originalKey('vip')
  const wanted = names.flatMap((name) => remembering(name) ?? [])
  const inOrder = wanted.sort((a, b) => a.seconds - b.seconds || a.seat - b.seat)
  const times = new Set(inOrder.map(({ seconds }) => seconds))
  return [
    ...inOrder.map(({ seconds, seat }) =>
      chain(rememberChain(seconds, seat), [
        rule(
          hasPorts,
          { kind: 'remember', set: clientsSet(seat), key: [saddr, ...vip], seconds },
          { kind: 'accept' },
        ),
        rule({ kind: 'goto', chain: crowdedChain(seconds) }),
      ]),
    ),
    ...[...times].map((seconds) =>
      chain(crowdedChain(seconds), [
        rule(hasPorts, { kind: 'remember', set: SETS.crowded, key: vip, seconds }),
      ]),
    ),
  ]
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

/** Where clients are led by a hash of their address. */
export function byClientChain(front: Front, reach: Reach): string {
  return `spread${front === 'vip' ? '' : '-node-port'}${reach === 'all' ? '' : '-local'}-by-client`
}

function crowdedChain(seconds: number): string {
  return `crowded-${seconds}`
}
