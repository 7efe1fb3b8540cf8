import { type TableFamily, tableOfAddress } from '../../model/family.ts'
import { unreachable } from '../../model/unreachable.ts'
import { serverKey } from '../../ruleset/ipvs/types.ts'
import type { BaseHook } from '../../ruleset/nftables/types.ts'
import { balance, IPVS_PRIORITY, serverFor, turnAway } from '../ipvs/trace.ts'
import { type Clients, isOwn, type NodeFacts, type Packet } from '../packet.ts'
import { arriving, type Hook, type Ways } from '../traveller.ts'
import type { Ground, State, Step, WalkedChain, WalkedRuleset, WalkedTable } from './state.ts'
import { type End, type Way, walkChain } from './walk.ts'

/** A way to its end. */
export interface Path extends Way {
  readonly end:
    | 'passed'
    | 'dropped'
    /** Left to the nat chains of other tables, which follow. */
    | 'left'
    | { readonly rejectedWith: 'tcp-reset' | 'port-unreachable' }
}

export type Trace = Ways<Path>

/** Walks the rules with the first packet of a connection, hook by hook in the kernel's order. */
export function trace(
  ruleset: WalkedRuleset,
  packet: Packet,
  facts: NodeFacts,
  clients: Clients = new Map(),
): Trace {
  const family: TableFamily = tableOfAddress(packet.to)
  const { ipvs } = ruleset
  const start: Way = {
    odds: 1,
    state: { ...arriving(packet, clients), marks: new Set(), balanced: false, steps: [] },
  }
  const ground: Ground = {
    table: ruleset[family] ?? emptyTable(family),
    ipvs,
    facts: ipvs === undefined ? facts : withAddresses(facts, ipvs.addresses),
    doubts: new Set(),
  }
  const paths = packet.origin.kind === 'node' ? sent(ground, start) : received(ground, start)
  return { packet, paths: merged(paths), doubts: [...ground.doubts] }
}

function emptyTable(family: TableFamily): WalkedTable {
  return { family, sets: new Map(), elements: new Map(), chains: new Map() }
}

function withAddresses(facts: NodeFacts, more: ReadonlySet<string>): NodeFacts {
  return { ...facts, addresses: new Set([...facts.addresses, ...more]) }
}

function received(ground: Ground, way: Way): readonly Path[] {
  return hook(ground, 'prerouting', way).flatMap(
    onwards((after) =>
      isOwn(after.state.destination, ground.facts)
        ? hook(ground, 'input', after).flatMap(onwards((own) => sentOn(ground, own)))
        : hook(ground, 'forward', after).flatMap(
            onwards((forwarded) => hook(ground, 'postrouting', forwarded)),
          ),
    ),
  )
}

/** Sends on what is no longer for the node itself, because ipvs led it elsewhere. */
function sentOn(ground: Ground, way: Path): readonly Path[] {
  return isOwn(way.state.destination, ground.facts) ? [way] : hook(ground, 'postrouting', way)
}

/** What the node sends to itself comes in again by the loopback interface, with its connection. */
function sent(ground: Ground, way: Way): readonly Path[] {
  return hook(ground, 'output', way)
    .flatMap(onwards((after) => hook(ground, 'postrouting', after)))
    .flatMap(
      onwards((after) => {
        if (!isOwn(after.state.destination, ground.facts)) return [after]
        const again = { ...after, state: { ...after.state, input: 'lo' } }
        return hook(ground, 'prerouting', again, true).flatMap(
          onwards((back) => hook(ground, 'input', back)),
        )
      }),
    )
}

/** Nothing follows for a packet that was dropped or rejected. */
function onwards(then: (path: Path) => readonly Path[]): (path: Path) => readonly Path[] {
  return (path) => (path.end === 'passed' ? then(path) : [path])
}

/**
 * Walks the base chains of a hook. A connection is translated once in each direction: after the
 * first `dnat` (or `masquerade`) no other nat chain is asked, and none is asked for a known
 * connection.
 */
function hook(ground: Ground, name: Hook, way: Way, known = false): readonly Path[] {
  const run = (stops: readonly Stop[], path: Path): readonly Path[] => {
    const [stop, ...rest] = stops
    if (stop === undefined) return [path]
    if (stop.kind === 'ipvs') return ipvs(ground, name, path, (after) => run(rest, after))
    const { chain } = stop
    if (chain.base.type === 'nat' && (known || isSettled(name, path.state))) return run(rest, path)
    return walkChain(ground, name, chain.name, path)
      .map(({ odds, state, end }): Path => ({ odds, state, end: pathEnd(end, name, state, chain) }))
      .flatMap(onwards((after) => run(rest, after)))
  }
  return run(stopsAt(ground, name), { ...way, end: 'passed' })
}

/**
 * Lets ipvs take the packet, which then goes through the hook output once more, from its start
 * (`ip_vs_nat_send_or_cont`, net/netfilter/ipvs/ip_vs_xmit.c). To a destination on the node itself
 * it goes on as it was.
 */
function ipvs(
  ground: Ground,
  name: Hook,
  path: Path,
  onward: (path: Path) => readonly Path[],
): readonly Path[] {
  const server = serverFor(ground, path.state)
  if (server === undefined) return onward(path)
  const ways = balance(server, name, path, ground.doubts)
  // TCP is refused in this way as well, because there is no socket to reset (`ip_vs_leave`).
  const refused = { rejectedWith: 'port-unreachable' } as const
  if (ways.length === 0) return [{ ...turnAway(server, name, path), end: refused }]
  return ways.flatMap((way) =>
    isOwn(way.state.destination, ground.facts)
      ? onward({ ...way, end: 'passed' })
      : hook(ground, 'output', way, true),
  )
}

function isSettled(name: Hook, { translated, masqueraded }: State): boolean {
  return name === 'postrouting' ? masqueraded !== undefined : translated
}

function pathEnd(end: End, name: Hook, state: State, { base }: BaseChain): Path['end'] {
  switch (end.kind) {
    case 'return':
      return 'passed'
    case 'accept':
      return base.type === 'nat' && !isSettled(name, state) ? 'left' : 'passed'
    case 'drop':
      return 'dropped'
    case 'reject':
      return { rejectedWith: end.with }
    default:
      return unreachable(end)
  }
}

type BaseChain = WalkedChain & { readonly base: BaseHook }

type Stop =
  | { readonly kind: 'chain'; readonly place: number; readonly chain: BaseChain }
  | { readonly kind: 'ipvs'; readonly place: number }

/** Where conntrack translates (NF_IP_PRI_NAT_DST, NF_IP_PRI_NAT_SRC) and all nat chains run. */
const NAT_PRIORITY = { dst: -100, src: 100 } as const

/** Returns what a packet meets in a hook, in order. */
function stopsAt({ table, ipvs: present }: Ground, name: Hook): readonly Stop[] {
  const nat = name === 'postrouting' || name === 'input' ? NAT_PRIORITY.src : NAT_PRIORITY.dst
  const stops = [...table.chains.values()]
    .filter((chain): chain is BaseChain => chain.base?.hook === name)
    .sort((a, b) => a.base.priority - b.base.priority)
    .map((chain): Stop => {
      const { type, priority } = chain.base
      return { kind: 'chain', place: type === 'nat' ? nat : priority, chain }
    })
  const taken = present && IPVS_PRIORITY[name]
  if (taken !== undefined) stops.push({ kind: 'ipvs', place: taken })
  return stops.sort((a, b) => a.place - b.place)
}

/** Joins ways that differ only in how often, and out of how many slots, was drawn. */
function merged(paths: readonly Path[]): readonly Path[] {
  const found = new Map<string, Path>()
  for (const path of paths) {
    const id = identity(path)
    const other = found.get(id)
    found.set(id, other === undefined ? path : { ...other, odds: other.odds + path.odds })
  }
  return [...found.values()]
}

function identity({ end, state }: Path): string {
  const steps = state.steps.map((step) => [isDraw(step) ? [] : whatFound(step), step.effects])
  return JSON.stringify([end, state.destination, state.port, steps])
}

function isDraw({ effects }: Step): boolean {
  return effects.some(({ kind }) => kind === 'dnat')
}

function whatFound(step: Step): readonly unknown[] {
  return [
    step.kind === 'rule' ? [step.chain, step.rule, step.verdict] : serverKey(step.server),
    step.elements.map(({ set, key }) => [set, key]),
  ]
}
