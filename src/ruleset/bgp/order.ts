// The order in which blocks and lines are written: FRR's own where it has one, then that of the text.

import { neighbourLine } from './lines.ts'
import { type Context, kindOf, pathOf } from './tree.ts'

/** The lines of a router, of map entries and of BFD profiles, as FRR prints them. */
const BEGINNINGS = [
  'bgp router-id',
  'no bgp default ipv4-unicast',
  'bgp graceful-restart',
  'no bgp network import-check',
  'match tag',
  'set tag',
  'set community',
  'set large-community',
  'set local-preference',
  'detect-multiplier',
  'transmit-interval',
  'receive-interval',
  'passive-mode',
  'echo-mode',
  'echo transmit-interval',
  'echo receive-interval',
  'minimum-ttl',
]

const OPTIONS = [
  'remote-as',
  'local-as',
  'shutdown',
  'bfd',
  'bfd profile',
  'password',
  'ebgp-multihop',
  'disable-connected-check',
  'port',
  'update-source',
  'timers',
  'timers connect',
  'graceful-restart',
  'activate',
  'route-map in',
  'route-map out',
]

type Key = readonly (number | string)[]

/** Sorts the lines of one block. */
export function sortedLines(lines: Iterable<string>): readonly string[] {
  return sortedBy([...lines], lineKey)
}

/** Sorts blocks: maps, routers with what is in them, BFD. */
export function sortedContexts(contexts: Iterable<Context>): readonly Context[] {
  return sortedBy([...contexts], contextKey)
}

function sortedBy(texts: readonly string[], keyOf: (text: string) => Key): readonly string[] {
  return texts
    .map((text) => ({ text, key: keyOf(text) }))
    .sort((a, b) => compare(a.key, b.key))
    .map(({ text }) => text)
}

function lineKey(line: string): Key {
  const about = neighbourLine(line)
  if (about === undefined) {
    return [0, rank(BEGINNINGS.findIndex((begin) => line.startsWith(begin))), line]
  }
  const { neighbour, option } = about
  return [1, neighbour, rank(OPTIONS.indexOf(option)), line]
}

function rank(at: number): number {
  return at < 0 ? Number.MAX_SAFE_INTEGER : at
}

function contextKey(context: Context): Key {
  if (kindOf(context) === 'map') {
    const [, name = '', sequence] = /^route-map (\S+) \S+ (\d+)$/.exec(context) ?? []
    return [0, name, Number(sequence), context]
  }
  return [pathOf(context)[0] === 'bfd' ? 2 : 1, ...pathOf(context)]
}

function compare(a: Key, b: Key): number {
  for (const [at, part] of a.entries()) {
    const other = b[at]
    if (other === undefined) return 1
    if (part !== other) return part < other ? -1 : 1
  }
  return a.length - b.length
}
