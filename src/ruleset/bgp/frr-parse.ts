import { printCommunities, printLargeCommunities } from './communities.ts'
import { neighbourLine } from './lines.ts'
import { type Context, contextOf, kindOf, pathOf, type Tree, withLines } from './tree.ts'

/** The blocks that are read; what is outside them does not concern BGP. */
const TOP = /^(?:router bgp|route-map) |^bfd$/
const NESTED = /^(?:address-family|profile|peer|vrf-policy|vni) |^(?:vnc|segment-routing) /

/**
 * Reads what `show running-config` of bgpd or bfdd prints (FRR 8.4 and 10). The result is in normal
 * form: what FRR's versions print differently is equal in it, and every family that a neighbour has is
 * written out, even where FRR takes IPv4 for granted. Any text can be read; lines that belong to no
 * block are left out.
 */
export function parseTree(text: string): Tree {
  const tree = new Map<Context, Set<string>>()
  const path: string[] = []
  for (const { depth, line } of meaningful(text)) {
    path.length = Math.min(path.length, depth)
    const isHeader = depth === 0 ? TOP.test(line) : depth === path.length && NESTED.test(line)
    if (isHeader) path.push(line)
    const context = contextOf(path)
    if (context === '') continue
    const lines = tree.get(context) ?? new Set()
    if (!isHeader) lines.add(normalLine(line))
    tree.set(context, lines)
  }
  return withActivation(withoutEmptyBlocks(tree))
}

/** Joins what several daemons hold. */
export function joinTrees(trees: readonly Tree[]): Tree {
  return new Map(trees.flatMap((tree) => [...tree]))
}

function* meaningful(text: string): Iterable<{ readonly depth: number; readonly line: string }> {
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (
      line === '' ||
      line.startsWith('!') ||
      /^exit(?:-address-family|-vrf-policy)?$/.test(line)
    ) {
      continue
    }
    yield { depth: raw.length - raw.trimStart().length, line }
  }
}

function normalLine(line: string): string {
  // FRR 10 prints the usual 255 hops by leaving them out.
  if (/^neighbor \S+ ebgp-multihop$/.test(line)) return `${line} 255`
  const [, what, values = ''] = /^set (community|large-community) (.+)$/.exec(line) ?? []
  if (what === 'community') return `set community ${printCommunities(values.split(' '))}`
  if (what === 'large-community') {
    return `set large-community ${printLargeCommunities(values.split(' '))}`
  }
  return line
}

/** `bfd` and families are there by what is in them. */
function withoutEmptyBlocks(tree: Tree): Tree {
  return withLines(tree, (context, lines) => {
    const isContainer = context === 'bfd' || kindOf(context) === 'family'
    return isContainer && lines.size === 0 ? undefined : lines
  })
}

/** Says that FRR activates IPv4 only where a neighbour is told so. */
export const DEFAULT_OFF = 'no bgp default ipv4-unicast'

/** Writes out that a neighbour has IPv4 where FRR prints only who has not. */
function withActivation(tree: Tree): Tree {
  const result = new Map(tree)
  for (const [router, lines] of tree) {
    if (kindOf(router) !== 'router' || lines.has(DEFAULT_OFF)) continue
    const family = contextOf([...pathOf(router), 'address-family ipv4 unicast'])
    const held = tree.get(family) ?? new Set()
    const active = [...neighboursIn(lines)].map((each) => `neighbor ${each} activate`)
    const kept = [...held].filter((line) => !/^no neighbor \S+ activate$/.test(line))
    const made = active.filter((line) => !held.has(`no ${line}`))
    if (kept.length + made.length > 0) result.set(family, new Set([...kept, ...made]))
    else result.delete(family)
  }
  return result
}

/** Returns the neighbours that a router has. */
export function neighboursIn(lines: Iterable<string>): ReadonlySet<string> {
  const found = new Set<string>()
  for (const line of lines) {
    const about = neighbourLine(line)
    if (about?.option === 'remote-as') found.add(about.neighbour)
  }
  return found
}
