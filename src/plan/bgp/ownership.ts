import { DEFAULT_OFF, neighboursIn } from '../../ruleset/bgp/frr-parse.ts'
import { neighbourLine, slotOf } from '../../ruleset/bgp/lines.ts'
import {
  type Context,
  contextOf,
  kindOf,
  routerOf,
  type Tree,
  withLines,
} from '../../ruleset/bgp/tree.ts'

/** The parts of both sides that may be compared, so that a plan touches nothing else. */
interface Compared {
  readonly found: Tree
  readonly wanted: Tree
  /** What cannot be done because others have configured FRR otherwise, as sentences. */
  readonly problems: readonly string[]
}

type Lines = ReadonlySet<string>

/**
 * Returns what is nodelb's in an FRR that others configure, too: maps and networks that are named
 * after it, neighbours that are wanted or have such maps, wanted BFD profiles. A router that is there
 * already is adopted as it is, and stays when nothing of ours is left in it.
 */
export function ownPart(found: Tree, wanted: Tree): Compared {
  const systems = otherSystems(found, wanted)
  const own = withLines(found, (context, lines) => ownLines(context, lines, { found, wanted }))
  const asked = withLines(wanted, (context, lines) => {
    if (systems.has(routerOf(context))) return undefined
    return askedLines(context, lines, found.get(context))
  })
  return {
    found: withImplied(own, found, asked),
    wanted: new Map([...adopted(own), ...asked]),
    problems: [
      ...systems.values(),
      ...unannounced(found, asked),
      ...takenNetworks(found, wanted).map(
        (slot) => `FRR has a line "${slot}" that is not nodelb's: it stays as it is`,
      ),
    ],
  }
}

/** Of a router that is there, only neighbours are asked for; networks of others stay theirs. */
function askedLines(
  context: Context,
  lines: Lines,
  held: Lines | undefined,
): Iterable<string> | undefined {
  if (held === undefined) return lines
  if (kindOf(context) === 'router') return [...lines].filter(neighbourLine)
  const foreign = foreignNetworks(held)
  return [...lines].filter((line) => !foreign.has(slotOf(line)))
}

function takenNetworks(found: Tree, wanted: Tree): readonly string[] {
  return [...wanted].flatMap(([context, lines]) => {
    const foreign = foreignNetworks(found.get(context) ?? [])
    return [...lines].map(slotOf).filter((slot) => foreign.has(slot))
  })
}

function foreignNetworks(lines: Iterable<string>): ReadonlySet<string> {
  const networks = [...lines].filter((line) => line.startsWith('network ') && !isOwnNetwork(line))
  return new Set(networks.map(slotOf))
}

/** Routers that cannot be made, each with the reason: a VRF has one autonomous system. */
function otherSystems(found: Tree, wanted: Tree): ReadonlyMap<Context, string> {
  const refused = new Map<Context, string>()
  const present = routersIn(found)
  for (const router of routersIn(wanted)) {
    const other = present.find((each) => vrfOf(each) === vrfOf(router) && each !== router)
    if (other === undefined) continue
    const reason = `FRR has "${other}" where "${router}" is wanted: nodelb leaves the router of others as it is`
    refused.set(router, reason)
  }
  return refused
}

/** Says that FRR announces a network even if this node has no route to it. */
const NO_CHECK = 'no bgp network import-check'

/** Whether networks need a route is said of a router as a whole, and so of those of others. */
function unannounced(found: Tree, asked: Tree): readonly string[] {
  const routers = [...asked]
    .filter(([context, lines]) => kindOf(context) === 'family' && [...lines].some(isOwnNetwork))
    .map(([context]) => routerOf(context))
  return [...new Set(routers)]
    .filter((router) => found.get(router)?.has(NO_CHECK) === false)
    .map(
      (router) =>
        `"${router}" of FRR lacks the line "${NO_CHECK}": FRR announces no prefix that this node has no route to, so add the line`,
    )
}

function routersIn(tree: Tree): readonly Context[] {
  return [...tree.keys()].filter((context) => kindOf(context) === 'router')
}

function vrfOf(router: Context): string {
  return router.replace(/^router bgp \S+/, '')
}

function ownLines(
  context: Context,
  lines: Lines,
  { found, wanted }: { readonly found: Tree; readonly wanted: Tree },
): Iterable<string> | undefined {
  switch (kindOf(context)) {
    case 'map':
      return context.startsWith('route-map nodelb-') ? lines : undefined
    case 'profile':
      return wanted.has(context) ? lines : undefined
    case 'router':
    case 'family': {
      const router = routerOf(context)
      const ours = new Set([...neighboursIn(wanted.get(router) ?? []), ...marked(found, router)])
      return [...lines].filter((line) => {
        const about = neighbourLine(line)
        return about === undefined ? isOwnNetwork(line) : about.known && ours.has(about.neighbour)
      })
    }
    default:
      return undefined
  }
}

/** Returns the neighbours that have a map of ours. */
function marked(found: Tree, router: Context): readonly string[] {
  const families = [...found].filter(([context]) => routerOf(context) === router)
  return families.flatMap(([, lines]) =>
    [...lines].flatMap((line) => {
      const about = neighbourLine(line)
      return about !== undefined && / route-map nodelb-\S+ (?:in|out)$/.test(line)
        ? [about.neighbour]
        : []
    }),
  )
}

function isOwnNetwork(line: string): boolean {
  return /^network \S+ route-map nodelb-/.test(line)
}

/** Returns the routers that are there; whatever is wanted of them takes the place of that. */
function adopted(own: Tree): Tree {
  return new Map(routersIn(own).map((router) => [router, new Set<string>()]))
}

/** Where FRR activates IPv4 by itself, a new neighbour will have it as soon as it is made. */
function withImplied(own: Tree, found: Tree, asked: Tree): Tree {
  const result = new Map(own)
  for (const router of routersIn(asked)) {
    const held = found.get(router)
    if (held === undefined || held.has(DEFAULT_OFF)) continue
    const there = neighboursIn(held)
    const coming = [...neighboursIn(asked.get(router) ?? [])].filter((each) => !there.has(each))
    if (coming.length === 0) continue
    const family = contextOf([router, 'address-family ipv4 unicast'])
    const implied = coming.map((each) => `neighbor ${each} activate`)
    result.set(family, new Set([...(own.get(family) ?? []), ...implied]))
  }
  return result
}
