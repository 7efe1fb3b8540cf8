import {
  clientsSet,
  FRONTS,
  type Front,
  REACHES,
  type Reach,
  SETS,
  seatedMap,
  seatMap,
  setNamed,
  setsOf,
  stickySet,
} from '../../ruleset/nftables/sets.ts'
import type { Chain, Rule, Statement } from '../../ruleset/nftables/types.ts'
import { rememberChain, remembering } from '../../ruleset/nftables/verdicts.ts'
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
 * Session affinity (ADR 0006): the kernel remembers which client was sent to which seat, in one set
 * for each seat. The chains look at the seats in steps of twice as many, so that a Service with few
 * endpoints does not pay for one with many.
 */

/** Returns the learned sets that chains of these names need. */
export function learnedSets(names: Iterable<string>): ReadonlySet<string> {
  const seats = seatsIn(names)
  return new Set(seats.length === 0 ? [] : [...seats.map(clientsSet), SETS.crowded])
}

/** Returns the seats that chains of these names remember, in order. */
function seatsIn(names: Iterable<string>): readonly number[] {
  const seats = new Set([...names].flatMap((name) => remembering(name)?.seat ?? []))
  return [...seats].sort((a, b) => a - b)
}

/** Sends VIPs with affinity to the chain that looks for their client; it returns if in vain. */
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
  return FRONTS.map((front) =>
    rule(hasPorts, ...(front === 'vip' ? [] : toNoVip(sets)), {
      kind: 'verdict-map',
      key: [...originalKey(front), daddr, dport],
      map: seatedMap(front),
    }),
  )
}

/**
 * Keeps out what went to a VIP: its port may have the number of a node port that leads to the same
 * endpoint, and its clients would take the room of those who are to be remembered. No VIP is left out
 * by this, for each that has affinity was found by the rule before.
 */
function toNoVip(sets: readonly string[]): readonly Statement[] {
  const { known } = setsOf('vip')
  return sets.includes(known) ? [{ ...inSet(originalKey('vip'), known), negated: true }] : []
}

/** Returns the chains that find clients and remember them, for sets and chains of these names. */
export function affinityChains(names: readonly string[]): readonly Chain[] {
  const seats = seatsIn(names)
  return [
    ...FRONTS.flatMap((front) => {
      const top = Math.max(0, ...stepsOf(front, names))
      return REACHES.flatMap((reach) => recallChains(front, reach, top, seats))
    }),
    ...rememberChains(names),
  ]
}

/**
 * Makes a chain for each step, with the seats that the step below does not have, which then leads
 * to that step. If the VIP is crowded, a client that no seat knows is led by hash: it keeps its
 * endpoint although it is not remembered.
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

/** Leads a client that this seat knows to the endpoint there; if the seat is empty, forgets it. */
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
 * Notes the client that was sent to this seat, or starts its time anew. If the set is full, the
 * first rule does not match; then the VIP counts as crowded for as long as its clients are
 * remembered.
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

/** Returns the steps that VIPs (or node ports) use, by the names of their sets. */
function stepsOf(front: Front, sets: readonly string[]): readonly number[] {
  const steps = sets
    .map(setNamed)
    .flatMap((id) => (id?.kind === 'sticky' && id.front === front ? id.seats : []))
  return steps.filter((seats) => seats === stepFor(seats)).sort((a, b) => a - b)
}

function recallChain(front: Front, reach: Reach, seats: number): string {
  return `recall${front === 'vip' ? '' : '-node-port'}${reach === 'cluster' ? '' : '-local'}-${seats}`
}

/** Names the chain that leads clients by a hash of their address. */
export function byClientChain(front: Front, reach: Reach): string {
  return `spread${front === 'vip' ? '' : '-node-port'}${reach === 'cluster' ? '' : '-local'}-by-client`
}

function crowdedChain(seconds: number): string {
  return `crowded-${seconds}`
}
