import { tableOfAddress } from '../../model/family.ts'
import { unreachable } from '../../model/unreachable.ts'
import type { IptablesRuleset, IptablesTable } from '../../ruleset/iptables/types.ts'
import { type Clients, isOwn, type NodeFacts, type Packet } from '../packet.ts'
import { arriving, type Hook, type Ways } from '../traveller.ts'
import type { Ground, State, Way } from './state.ts'
import { type End, walkBuiltin } from './walk.ts'

/** A way to its end. */
export interface Path extends Way {
  readonly end: 'passed' | 'dropped' | { readonly rejectedWith: 'tcp-reset' | 'port-unreachable' }
}

export type Trace = Ways<Path>

/** Walks nodelb's chains with the first packet of a connection, in the kernel's order. */
export function trace(
  ruleset: IptablesRuleset,
  packet: Packet,
  facts: NodeFacts,
  clients: Clients = new Map(),
): Trace {
  const tables = ruleset[tableOfAddress(packet.to)]
  const start: Path = {
    odds: 1,
    state: { ...arriving(packet, clients), mark: 0, steps: [] },
    end: 'passed',
  }
  if (tables === undefined) return { packet, paths: [start], doubts: [] }
  const ground: Ground = { tables, facts, doubts: new Set() }
  const paths = packet.origin.kind === 'node' ? sent(ground, start) : received(ground, start)
  return { packet, paths, doubts: [...ground.doubts] }
}

function received(ground: Ground, arrived: Path): readonly Path[] {
  return hook(ground, 'prerouting', arrived).flatMap((path) =>
    isOwn(path.state.destination, ground.facts)
      ? hook(ground, 'input', path)
      : hook(ground, 'forward', path).flatMap((after) => hook(ground, 'postrouting', after)),
  )
}

/** What the node sends to itself comes in again by the loopback interface, with its connection. */
function sent(ground: Ground, made: Path): readonly Path[] {
  return hook(ground, 'output', made)
    .flatMap((path) => hook(ground, 'postrouting', path))
    .flatMap((path) => {
      if (!isOwn(path.state.destination, ground.facts)) return [path]
      const again = { ...path, state: { ...path.state, input: 'lo' } }
      return hook(ground, 'prerouting', again, true).flatMap((back) =>
        hook(ground, 'input', back, true),
      )
    })
}

/** The tables of each hook in order of priority: mangle -150, nat -100 or 100, filter 0. */
const TABLES: Readonly<Record<Hook, readonly IptablesTable[]>> = {
  prerouting: ['mangle', 'nat'],
  input: ['mangle', 'filter', 'nat'],
  forward: ['mangle', 'filter'],
  output: ['mangle', 'nat', 'filter'],
  postrouting: ['mangle', 'nat'],
}

/**
 * Walks the tables of a hook. A connection is translated once in each direction, so the table nat
 * is not asked again for a translated connection, nor for a known one.
 */
function hook(ground: Ground, name: Hook, from: Path, known = false): readonly Path[] {
  let paths: readonly Path[] = [from]
  for (const table of TABLES[name]) {
    paths = paths.flatMap((path) => {
      if (path.end !== 'passed') return [path]
      if (table === 'nat' && (known || isSettled(name, path.state))) return [path]
      const place = { hook: name, table, chain: name.toUpperCase() }
      return walkBuiltin(ground, place, path).map((each) => ({ ...each, end: pathEnd(each.end) }))
    })
  }
  return paths
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
