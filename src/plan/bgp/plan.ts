import { neighboursIn } from '../../ruleset/bgp/frr-parse.ts'
import { neighbourLine, slotOf } from '../../ruleset/bgp/lines.ts'
import { sortedContexts, sortedLines } from '../../ruleset/bgp/order.ts'
import {
  type Context,
  type ContextKind,
  contextOf,
  kindOf,
  pathOf,
  routerOf,
  type Tree,
} from '../../ruleset/bgp/tree.ts'
import type { Operation, Plan } from './operation.ts'

type Lines = ReadonlySet<string>

const NO_LINES: Lines = new Set()

/**
 * Plans what makes of one configuration another, in an order in which no route is withdrawn that is
 * wanted before and after, and nothing is sent that is not wanted: what lines refer to comes before
 * them and goes after them, and a new neighbour is shut down until it has its maps.
 */
export function planBgp(found: Tree, wanted: Tree): Plan {
  const change: Change = { found, wanted }
  return [
    ...comingBlocks(change),
    ...goingRouters(change),
    ...ofRouters(change, routerChanges),
    ...ofFamilies(change, networkChanges),
    ...ofFamilies(change, activations),
    ...ofRouters(change, releases),
    ...ofRouters(change, goingNeighbours),
    ...goingBlocks(change),
  ]
}

interface Change {
  readonly found: Tree
  readonly wanted: Tree
}

/** A block of both sides; without lines where it is not there. */
interface Block {
  readonly context: Context
  readonly found: Lines
  readonly wanted: Lines
  /** Those of the router that it is, or is in. */
  readonly neighbours: { readonly found: Lines; readonly wanted: Lines }
  readonly isNew: boolean
}

function contextsOf({ found, wanted }: Change, ...kinds: readonly ContextKind[]): Context[] {
  const all = sortedContexts(new Set([...found.keys(), ...wanted.keys()]))
  return all.filter((context) => kinds.includes(kindOf(context)))
}

/** New maps and profiles, and what becomes of those that stay. */
function comingBlocks(change: Change): Plan {
  return contextsOf(change, 'map', 'profile').flatMap((context): Plan => {
    const wanted = change.wanted.get(context)
    if (wanted === undefined) return []
    const found = change.found.get(context)
    const open: Plan = found === undefined ? [{ kind: 'open', context }] : []
    const isNew = found === undefined
    return [...open, ...lineChanges({ context, found: found ?? NO_LINES, wanted, isNew })]
  })
}

/** What is in a block that goes, goes with it. */
function goingBlocks(change: Change): Plan {
  const going = (context: Context): boolean =>
    kindOf(context) !== 'family' && change.found.has(context) && !change.wanted.has(context)
  const isInside = (context: Context): boolean => {
    const path = pathOf(context)
    return path.some((_, at) => at > 0 && going(contextOf(path.slice(0, at))))
  }
  return contextsOf(change, 'map', 'profile', 'other')
    .filter((context) => going(context) && !isInside(context))
    .map((context) => ({ kind: 'close', context }))
}

/** These go first: another autonomous system may take their VRF. */
function goingRouters(change: Change): Plan {
  return contextsOf(change, 'router')
    .filter((context) => !change.wanted.has(context))
    .map((context) => ({ kind: 'close', context }))
}

function ofRouters(change: Change, changes: (block: Block) => Plan): Plan {
  return contextsOf(change, 'router')
    .filter((context) => change.wanted.has(context))
    .flatMap((context) => changes(blockOf(change, context, context)))
}

/** What a router has that goes needs no changes. */
function ofFamilies(change: Change, changes: (block: Block) => Plan): Plan {
  return contextsOf(change, 'family')
    .filter((context) => change.wanted.has(routerOf(context)))
    .flatMap((context) => changes(blockOf(change, context, routerOf(context))))
}

function blockOf({ found, wanted }: Change, context: Context, router: Context): Block {
  return {
    context,
    found: found.get(context) ?? NO_LINES,
    wanted: wanted.get(context) ?? NO_LINES,
    neighbours: {
      found: neighboursIn(found.get(router) ?? NO_LINES),
      wanted: neighboursIn(wanted.get(router) ?? NO_LINES),
    },
    isNew: !found.has(router),
  }
}

function routerChanges(block: Block): Plan {
  const { context, neighbours, isNew } = block
  return [
    ...(isNew ? [{ kind: 'open', context } as const] : []),
    ...lineChanges(partOf(block, undefined)),
    ...[...neighbours.wanted].sort().flatMap((neighbour) => {
      const part = partOf(block, neighbour)
      return part.isNew ? held(lineChanges(part), neighbour) : lineChanges(part)
    }),
  ]
}

/** A new neighbour begins with its autonomous system, and is shut down right then. */
function held([first, ...others]: Plan, neighbour: string): Plan {
  if (first === undefined) return []
  const { context } = first
  return [first, { kind: 'set', context, line: shutdown(neighbour), isNew: true }, ...others]
}

/** Of neighbours that stay, one may be shut down because a plan was not carried out to its end. */
function releases({ context, found, neighbours }: Block): Plan {
  return [...neighbours.wanted].sort().flatMap((neighbour): Plan => {
    const line = shutdown(neighbour)
    const isNew = !neighbours.found.has(neighbour)
    return isNew || found.has(line) ? [{ kind: 'unset', context, line, isNew }] : []
  })
}

function shutdown(neighbour: string): string {
  return `neighbor ${neighbour} shutdown`
}

function networkChanges(block: Block): Plan {
  return lineChanges(partOf(block, undefined))
}

/** Which families a neighbour has, and its maps; what a neighbour has that goes, goes with it. */
function activations(block: Block): Plan {
  return [...block.neighbours.wanted]
    .sort()
    .flatMap((neighbour) => lineChanges(partOf(block, neighbour)))
}

function goingNeighbours({ context, neighbours }: Block): Plan {
  return [...neighbours.found]
    .filter((neighbour) => !neighbours.wanted.has(neighbour))
    .sort()
    .map((neighbour) => ({ kind: 'remove-neighbour', context, neighbour }))
}

type Part = Pick<Block, 'context' | 'found' | 'wanted' | 'isNew'>

/** Returns the lines about one neighbour, but for whether it is shut down; or those about none. */
function partOf(
  { context, found, wanted, neighbours, isNew }: Block,
  of: string | undefined,
): Part {
  const own = (lines: Lines): Lines =>
    new Set([...lines].filter((line) => neighbourLine(line)?.neighbour === of))
  if (of === undefined) return { context, found: own(found), wanted: own(wanted), isNew }
  const before = new Set(own(found))
  before.delete(shutdown(of))
  return { context, found: before, wanted: own(wanted), isNew: !neighbours.found.has(of) }
}

/** What goes without another line in its place goes first. */
function lineChanges({ context, found, wanted, isNew }: Part): Plan {
  const slots = new Set([...wanted].map(slotOf))
  const before = new Map([...found].map((line) => [slotOf(line), line]))
  const gone = [...found].filter((line) => !slots.has(slotOf(line)))
  const come = [...wanted].filter((line) => !found.has(line))
  return [
    ...goingOrder(context, gone).map(
      (line): Operation => ({ kind: 'unset', context, line, isNew }),
    ),
    ...comingOrder(come).map((line): Operation => {
      const former = before.get(slotOf(line))
      const step: Operation = { kind: 'set', context, line, isNew }
      return former === undefined ? step : { ...step, before: former }
    }),
  ]
}

/**
 * What came last goes first: FRR takes `no … bfd profile` for BFD without a profile if that is off. In a
 * family it is the other way round, so that nothing is sent without a map.
 */
function goingOrder(context: Context, lines: readonly string[]): readonly string[] {
  const sorted = sortedLines(lines)
  return kindOf(context) === 'family' ? sorted : sorted.toReversed()
}

/** A neighbour has its maps before it has the family. */
function comingOrder(lines: readonly string[]): readonly string[] {
  const isActivation = (line: string): boolean => neighbourLine(line)?.option === 'activate'
  const sorted = sortedLines(lines)
  return [...sorted.filter((line) => !isActivation(line)), ...sorted.filter(isActivation)]
}
