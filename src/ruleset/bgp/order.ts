// The order in which blocks and lines are written: FRR's own where it has one, then that of the text.

import { neighbourLine } from './lines.ts'
import { type Context, kindOf, pathOf } from './tree.ts'

/** The lines of a router, of map entries and of BFD profiles, as FRR prints them. */
const BEGINNINGS = [
  'bgp router-id',
  'no bgp default ipv4-unicast',
  'coalesce-time',
  'bgp graceful-restart',
  'no bgp network import-check',
  'match tag',
  'set tag',
  'set community',
  'set large-community',
  'set extcommunity bandwidth',
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

/** Sorts the lines of one block. */
export function sortedLines(lines: Iterable<string>): readonly string[] {
  return sortedBy([...lines], lineKey)
}

/** Sorts blocks: maps, routers with what is in them, BFD. */
export function sortedContexts(contexts: Iterable<Context>): readonly Context[] {
  return sortedBy([...contexts], contextKey)
}

function sortedBy(texts: readonly string[], keyOf: (text: string) => string): readonly string[] {
  return texts
    .map((text) => ({ text, key: keyOf(text) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ text }) => text)
}

function lineKey(line: string): string {
  const about = neighbourLine(line)
  if (about === undefined) {
    const at = BEGINNINGS.findIndex((begin) => line.startsWith(begin))
    return keyOf(0, rank(at), line)
  }
  const { neighbour, option } = about
  return keyOf(1, neighbour, rank(OPTIONS.indexOf(option)), line)
}

function contextKey(context: Context): string {
  if (kindOf(context) === 'map') {
    const [, name = '', sequence] = /^route-map (\S+) \S+ (\d+)$/.exec(context) ?? []
    return keyOf(0, name, Number(sequence), context)
  }
  const path = pathOf(context)
  return keyOf(path[0] === 'bfd' ? 2 : 1, ...path)
}

/** What is not listed comes behind what is. */
function rank(at: number): number {
  return at < 0 ? BEGINNINGS.length : at
}

/** Makes a text that sorts by one part after the other: numbers by value, and nothing before something. */
function keyOf(...parts: readonly (number | string)[]): string {
  return parts
    .map((part) => (typeof part === 'number' ? String(part).padStart(10, '0') : part))
    .join('\0')
}
