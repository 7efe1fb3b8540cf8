import { type Address, familyOf, toBigInt } from '../../model/address.ts'
import { unreachable } from '../../model/unreachable.ts'
import { isOfLocalType } from '../packet.ts'
import type { Condition, Match, Range, Recent } from './rule.ts'
import { clientOf, type Ground, type Place, type State, type Way } from './state.ts'

/** The ways on which the matches match, and those on which they do not. */
interface Matched {
  readonly yes: readonly Way[]
  readonly no: readonly Way[]
}

/** Tries one match after another, as the kernel does; what a match does is not undone. */
export function matched(
  ground: Ground,
  place: Place,
  matches: readonly Match[],
  way: Way,
): Matched {
  let yes: readonly Way[] = [way]
  const no: Way[] = []
  for (const match of matches) {
    const asked = yes.map((each) => ask(ground, place, match, each))
    yes = asked.flatMap((each) => each.yes)
    no.push(...asked.flatMap((each) => each.no))
  }
  return { yes, no }
}

function ask(ground: Ground, { chain }: Place, match: Match, way: Way): Matched {
  switch (match.kind) {
    case 'comment':
      return when(true, way)
    case 'recent':
      return askRecent(match, way)
    case 'one-of':
      return match.negated ? swapped(draw(1 / match.count, way)) : draw(1 / match.count, way)
    case 'strange':
      ground.doubts.add(`what is asked in chain ${chain} by: ${match.text}`)
      return when(false, way)
    default:
      return when(holds(match, way.state, ground) !== match.negated, way)
  }
}

function when(matches: boolean, way: Way): Matched {
  return matches ? { yes: [way], no: [] } : { yes: [], no: [way] }
}

function swapped({ yes, no }: Matched): Matched {
  return { yes: no, no: yes }
}

function draw(odds: number, way: Way): Matched {
  if (odds >= 1) return when(true, way)
  const { state } = way
  return {
    yes: [{ odds: way.odds * odds, state }],
    no: [{ odds: way.odds * (1 - odds), state }],
  }
}

function askRecent({ does, list }: Recent, way: Way): Matched {
  const client = clientOf(way.state.source)
  const known = way.state.clients.get(list)
  if (does === 'update') return when(known?.has(client) === true, way)
  const clients = new Map(way.state.clients).set(list, new Set([...(known ?? []), client]))
  return when(true, { ...way, state: { ...way.state, clients } })
}

function holds(
  condition: Exclude<Condition, { readonly kind: 'one-of' }>,
  state: State,
  { facts, doubts }: Ground,
): boolean {
  switch (condition.kind) {
    case 'source':
      return isIn(condition.range, state.source)
    case 'destination':
      return isIn(condition.range, state.destination)
    case 'source-is-local':
      return isOfLocalType(state.source, facts)
    case 'destination-is-local':
      return isOfLocalType(state.destination, facts)
    case 'interface':
      if (state.input === undefined) {
        doubts.add(`by which interface ${state.original.from} comes in`)
      }
      return condition.prefix
        ? state.input?.startsWith(condition.name) === true
        : state.input === condition.name
    case 'protocol':
      return condition.name === protocolOf(state)
    case 'ports':
      return (
        state.port !== undefined && condition.first <= state.port && state.port <= condition.last
      )
    case 'mark':
      return (state.mark & condition.mask) >>> 0 === condition.value
    case 'state':
      return condition.states.some(
        (each) => each === 'NEW' || (each === 'DNAT' && wasChanged(state)),
      )
    default:
      return unreachable(condition)
  }
}

function isIn({ family, first, last }: Range, address: Address): boolean {
  if (family !== familyOf(address)) return false
  const value = toBigInt(address)
  return first <= value && value <= last
}

/** Returns the protocol as iptables-save calls it. */
function protocolOf({ original: { protocol, to } }: State): string {
  return protocol === 'icmp' && familyOf(to) === 'ipv6' ? 'ipv6-icmp' : protocol
}

/** `DNAT` is about the address that changed, not about the rule (nf_nat_setup_info). */
function wasChanged({ destination, port, original }: State): boolean {
  return destination !== original.to || port !== original.port
}
