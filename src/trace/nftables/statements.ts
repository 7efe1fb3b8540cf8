import type { Address, Port } from '../../model/address.ts'
import { fieldsOf, type Tuple } from '../../model/tuple.ts'
import type { Statement } from '../../ruleset/nftables/types.ts'
import { chainCalledBy } from '../../ruleset/nftables/verdicts.ts'
import { isLoopback, isOfLocalType, routeTo } from '../packet.ts'
import { find, keyOf } from './lookup.ts'
import type { Effect, FoundElement, Ground, State, Verdict } from './state.ts'

/** A packet in the middle of a rule. */
export interface Moment {
  readonly odds: number
  readonly state: State
  readonly elements: readonly FoundElement[]
  readonly effects: readonly Effect[]
  /** Undefined leads to the next statement, `no-match` to the next rule. */
  readonly verdict: Verdict | { readonly kind: 'no-match' } | undefined
}

type StatementOf<Kind, Each = Statement> = Each extends { readonly kind: infer Kinds }
  ? Kind extends Kinds
    ? Each
    : never
  : never

type Evaluators = {
  readonly [Kind in Statement['kind']]: (
    statement: StatementOf<Kind>,
    moment: Moment,
    ground: Ground,
  ) => readonly Moment[]
}

/** Evaluates each kind of statement as the kernel does. */
const evaluators: Evaluators = {
  'in-set': ({ key, set, negated = false }, moment, ground) => {
    const element = find(ground, moment.state, set, keyOf(key, moment.state))
    const found = element === undefined ? [] : [element]
    return when((element !== undefined) !== negated, moment, found)
  },
  'new-connection': (_, moment) => [moment],
  'was-dnat': (_, moment) => when(wasChanged(moment.state), moment),
  'to-this-node': (_, moment, { facts }) =>
    when(isOfLocalType(moment.state.destination, facts), moment),
  'from-this-node': (_, moment, { facts }) =>
    when(isOfLocalType(moment.state.source, facts), moment),
  interface: (statement, moment, ground) => cameBy(statement, moment, ground),
  'has-ports': (_, moment) => when(moment.state.original.protocol !== 'icmp', moment),
  'is-tcp': (_, moment) => when(moment.state.original.protocol === 'tcp', moment),
  'not-loopback': (_, moment) => when(!isLoopback(moment.state.destination), moment),
  'set-mark': ({ bit }, moment) => marked(moment, bit, 'mark'),
  'has-mark': ({ bit }, moment) => when(moment.state.marks.has(bit), moment),
  // This is an exclusive or: if the bit was not set, it is set now.
  'clear-mark': ({ bit }, moment) =>
    marked(moment, bit, moment.state.marks.has(bit) ? 'unmark' : 'mark'),
  dnat: (statement, moment, ground) => translate(statement, moment, ground),
  'verdict-map': ({ key, map }, moment, ground) => {
    const element = find(ground, moment.state, map, keyOf(key, moment.state))
    const to = element && chainCalledBy(element.value)
    if (element === undefined || to === undefined) return when(false, moment)
    const elements = [...moment.elements, element]
    return [ended({ ...moment, elements }, { kind: 'goto', chain: to })]
  },
  remember: ({ set, key }, moment) => changeClients('remember', set, key, moment),
  forget: ({ set, key }, moment) => changeClients('forget', set, key, moment),
  masquerade: (_, moment, { facts }) => {
    const as = routeTo(moment.state.destination, facts)?.address
    const state = { ...moment.state, source: as ?? moment.state.source, masqueraded: { as } }
    return [ended({ ...moment, state }, { kind: 'accept' }, { kind: 'masquerade', as })]
  },
  reject: (statement, moment) => [ended(moment, { kind: 'reject', with: statement.with })],
  drop: (_, moment) => [ended(moment, { kind: 'drop' })],
  accept: (_, moment) => [ended(moment, { kind: 'accept' })],
  jump: ({ chain }, moment) => [ended(moment, { kind: 'jump', chain })],
  goto: ({ chain }, moment) => [ended(moment, { kind: 'goto', chain })],
}

/** Returns what becomes of the packet; several moments if a number is drawn. */
export function evaluate(statement: Statement, moment: Moment, ground: Ground): readonly Moment[] {
  const evaluator = evaluators[statement.kind] as (
    statement: Statement,
    moment: Moment,
    ground: Ground,
  ) => readonly Moment[]
  return evaluator(statement, moment, ground)
}

function when(
  matches: boolean,
  moment: Moment,
  found: readonly FoundElement[] = [],
): readonly Moment[] {
  if (!matches) return [{ ...moment, verdict: { kind: 'no-match' } }]
  return found.length === 0 ? [moment] : [{ ...moment, elements: [...moment.elements, ...found] }]
}

function ended(moment: Moment, verdict: Verdict, ...effects: readonly Effect[]): Moment {
  return { ...moment, verdict, effects: [...moment.effects, ...effects] }
}

/** `ct status dnat` is about the address that changed, not about the rule (nf_nat_setup_info). */
function wasChanged({ destination, port, original }: State): boolean {
  return destination !== original.to || port !== original.port
}

function cameBy(
  { name, prefix, negated = false }: StatementOf<'interface'>,
  moment: Moment,
  { doubts }: Ground,
): readonly Moment[] {
  const { input } = moment.state
  if (input === undefined) doubts.add(`by which interface ${moment.state.original.from} comes in`)
  const matches = prefix ? input?.startsWith(name) === true : input === name
  return when(matches !== negated, moment)
}

function marked(moment: Moment, bit: number, kind: 'mark' | 'unmark'): readonly Moment[] {
  const marks = new Set(moment.state.marks)
  if (kind === 'mark') marks.add(bit)
  else marks.delete(bit)
  const effects: readonly Effect[] = [...moment.effects, { kind, bit }]
  return [{ ...moment, state: { ...moment.state, marks }, effects }]
}

/**
 * Returns one moment for each slot that may be drawn, or to which a client's address may hash, and one
 * for all that are empty: then the rule does not match.
 */
function translate(
  { key, map }: StatementOf<'dnat'>,
  moment: Moment,
  ground: Ground,
): readonly Moment[] {
  const drawing = key.find((field) => 'modulus' in field)
  const draws = drawing === undefined ? 1 : drawing.modulus
  const odds = moment.odds / draws
  const found = Array.from({ length: draws }, (_, drawn) => {
    const element = find(ground, moment.state, map, keyOf(key, moment.state, drawn))
    const to = element?.value.data
    if (element === undefined || to === undefined) return undefined
    const [address, port] = fieldsOf(to)
    const state: State = {
      ...moment.state,
      destination: address as Address,
      port: Number(port) as Port,
      translated: true,
    }
    const elements = [...moment.elements, element]
    return ended({ ...moment, odds, state, elements }, { kind: 'accept' }, { kind: 'dnat', to })
  }).filter((each) => each !== undefined)
  const missed = draws - found.length
  if (missed === 0) return found
  return [...found, { ...moment, odds: odds * missed, verdict: { kind: 'no-match' } }]
}

function changeClients(
  kind: 'remember' | 'forget',
  set: string,
  key: Parameters<typeof keyOf>[0],
  moment: Moment,
): readonly Moment[] {
  const client = keyOf(key, moment.state)
  const known = moment.state.clients.get(set) ?? new Set<Tuple>()
  if (client === undefined || (kind === 'forget' && !known.has(client))) return [moment]
  const changed = new Set(known)
  if (kind === 'remember') changed.add(client)
  else changed.delete(client)
  const clients = new Map(moment.state.clients).set(set, changed)
  const effects: readonly Effect[] = [...moment.effects, { kind, set, client }]
  return [{ ...moment, state: { ...moment.state, clients }, effects }]
}
