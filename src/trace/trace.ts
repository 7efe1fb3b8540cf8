import { familyOf } from '../model/address.ts'
import { unreachable } from '../model/unreachable.ts'
import type { BaseHook } from '../ruleset/types.ts'
import { type Clients, isOwn, type NodeFacts, type Packet } from './packet.ts'
import type { Ground, Hook, State, WalkedChain, WalkedRuleset } from './state.ts'
import { type End, type Way, walkChain } from './walk.ts'

/** A way to its end. */
export interface Path extends Way {
  readonly end: 'passed' | 'dropped' | { readonly rejectedWith: 'tcp-reset' | 'port-unreachable' }
}

export interface Trace {
  readonly packet: Packet
  /** All ways it may go; their odds add up to 1. */
  readonly paths: readonly Path[]
  /** What could not be known; empty: the kernel does as the paths say. */
  readonly doubts: readonly string[]
}

/** Walks the rules with the first packet of a connection, hook by hook in the kernel's order. */
export function trace(
  ruleset: WalkedRuleset,
  packet: Packet,
  facts: NodeFacts,
  clients: Clients = new Map(),
): Trace {
  const table = ruleset[familyOf(packet.to) === 'ipv4' ? 'ip' : 'ip6']
  const start: Way = { odds: 1, state: arriving(packet, clients) }
  if (table === undefined) return { packet, paths: [{ ...start, end: 'passed' }], doubts: [] }
  const ground: Ground = { table, facts, doubts: new Set() }
  const paths = packet.origin.kind === 'node' ? sent(ground, start) : received(ground, start)
  return { packet, paths: merged(paths), doubts: [...ground.doubts] }
}

function arriving(packet: Packet, clients: Clients): State {
  return {
    original: packet,
    source: packet.from,
    destination: packet.to,
    port: packet.port,
    input: packet.origin.kind === 'node' ? '' : packet.origin.name,
    marks: new Set(),
    translated: false,
    masqueraded: undefined,
    clients,
    steps: [],
  }
}

function received(ground: Ground, way: Way): readonly Path[] {
  return hook(ground, 'prerouting', way).flatMap(
    onwards((after) =>
      isOwn(after.state.destination, ground.facts)
        ? hook(ground, 'input', after)
        : hook(ground, 'forward', after).flatMap(
            onwards((forwarded) => hook(ground, 'postrouting', forwarded)),
          ),
    ),
  )
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

/** Nothing follows for what was dropped or rejected. */
function onwards(then: (path: Path) => readonly Path[]): (path: Path) => readonly Path[] {
  return (path) => (path.end === 'passed' ? then(path) : [path])
}

/**
 * The base chains of a hook. A connection is translated once in each direction: after the first
 * `dnat` (`masquerade`) no other nat chain is asked, and none when a known connection comes by.
 */
function hook(ground: Ground, name: Hook, way: Way, known = false): readonly Path[] {
  const run = (chains: readonly BaseChain[], path: Path): readonly Path[] => {
    const [chain, ...rest] = chains
    if (chain === undefined) return [path]
    if (chain.base.type === 'nat' && (known || isSettled(name, path.state))) return run(rest, path)
    return walkChain(ground, name, chain.name, path)
      .map(({ odds, state, end }): Path => ({ odds, state, end: pathEnd(end) }))
      .flatMap(onwards((after) => run(rest, after)))
  }
  return run(baseChains(ground, name), { ...way, end: 'passed' })
}

function isSettled(name: Hook, { translated, masqueraded }: State): boolean {
  return name === 'postrouting' ? masqueraded !== undefined : translated
}

function pathEnd(end: End): Path['end'] {
  switch (end.kind) {
    case 'return':
    case 'accept':
      return 'passed'
    case 'drop':
      return 'dropped'
    case 'reject':
      return { rejectedWith: end.with }
    default:
      return unreachable(end)
  }
}

type BaseChain = WalkedChain & { readonly base: BaseHook }

/** Where conntrack translates (NF_IP_PRI_NAT_DST, NF_IP_PRI_NAT_SRC): all nat chains run there. */
const NAT_PRIORITY = { dst: -100, src: 100 } as const

function baseChains({ table }: Ground, name: Hook): readonly BaseChain[] {
  const nat = name === 'postrouting' || name === 'input' ? NAT_PRIORITY.src : NAT_PRIORITY.dst
  const place = ({ base }: BaseChain): number => (base.type === 'nat' ? nat : base.priority)
  return [...table.chains.values()]
    .filter((chain): chain is BaseChain => chain.base?.hook === name)
    .sort((a, b) => place(a) - place(b) || a.base.priority - b.base.priority)
}

/** Ways that differ in the number that was drawn only, and had the same effect, are one. */
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
  const steps = state.steps.map(({ chain, rule, elements, effects, verdict }) => [
    chain,
    rule,
    elements.map(({ set, key }) => [set, key]),
    effects,
    verdict,
  ])
  return JSON.stringify([end, state.destination, state.port, steps])
}
