import type {
  FrontendChange,
  FrontendName,
  ServedFrontends,
} from '../../frontend/frontend-change.ts'
import { intervalContains } from '../../frontend/intervals.ts'
import { frontendAddress } from '../../model/frontend-id.ts'
import { lastFields, type Tuple, tuple, withoutLastFields } from '../../model/tuple.ts'
import {
  ENDPOINTS_MAPS,
  endpointsMap,
  FRONTS,
  type Front,
  labelledSets,
  REACHES,
  SETS,
  setNamed,
  setsOf,
} from '../../ruleset/nftables/sets.ts'
import type { ElementStep, Ruleset, Table } from '../../ruleset/nftables/types.ts'

/** Returns where the frontends lead that the elements of a rule set stand for. */
export function servedByTables(ruleset: Ruleset): ServedFrontends {
  return {
    all: () => [ruleset.ip, ruleset.ip6].flatMap((table) => [...leading(table)]),
    every: () => namedByTables(ruleset),
    endpoints: ({ family, id }) => new Set(endpointsIn(ruleset[family], id, mapsOf(id))),
    has: ({ family, id }) => {
      const { known } = setsOf(frontOf(id))
      return ruleset[family]?.elements.get(known)?.has(id) === true
    },
    // Without the set, every address of the node answers.
    answersNodePorts: (family, address) => {
      const ranges = ruleset[family]?.elements.get(SETS.nodePortAddresses)
      return (
        ranges === undefined || [...ranges.keys()].some((range) => intervalContains(range, address))
      )
    },
  }
}

/** Returns what changed elements mean for frontends; the rule set is that after the changes. */
export function frontendChanges(
  steps: Iterable<ElementStep>,
  ruleset: Ruleset,
): readonly FrontendChange[] {
  const noted = new Map<string, Noted>()
  for (const step of steps) {
    const id = frontendIn(step)
    if (id === undefined) continue
    const { family, set, before, after } = step
    const key = `${family} ${id}`
    const notes = noted.get(key) ?? { family, id, labels: [], came: new Set(), left: new Map() }
    noted.set(key, notes)
    if (isPassedOn(step)) notes.labels = [before?.comment, after?.comment]
    if (before?.data !== undefined) mapsLeft(notes, before.data).push(set)
    if (after?.data !== undefined) notes.came.add(after.data)
  }
  return Array.from(noted.values(), (notes) => changeOf(notes, ruleset))
}

/** What is known about the change of one frontend while its steps are being read. */
interface Noted extends FrontendName {
  /** The labels before and after, if the frontend went from one Service to another. */
  labels: readonly (string | undefined)[]
  readonly came: Set<Tuple>
  /** For each endpoint that lost a slot, the maps that it was in. */
  readonly left: Map<Tuple, string[]>
}

function mapsLeft({ left }: Noted, endpoint: Tuple): string[] {
  const maps = left.get(endpoint) ?? []
  left.set(endpoint, maps)
  return maps
}

/** A frontend may have thousands of endpoints; no more of them are read than are needed. */
function changeOf({ family, id, labels, came, left }: Noted, ruleset: Ruleset): FrontendChange {
  const table = ruleset[family]
  const maps = mapsOf(id)
  const isGone = ([endpoint, from]: readonly [Tuple, readonly string[]]): boolean => {
    if (came.has(endpoint)) return false
    const others = maps.filter((map) => !from.includes(map))
    return !some(endpointsIn(table, id, others), (each) => each === endpoint)
  }
  const stays = some(endpointsIn(table, id, maps), (each) => !came.has(each))
  return {
    family,
    id,
    before: { leads: left.size > 0 || stays, label: labels[0] },
    after: { leads: stays || some(endpointsIn(table, id, maps), () => true), label: labels[1] },
    gone: new Set([...left].filter(isGone).map(([endpoint]) => endpoint)),
  }
}

function some(endpoints: Iterable<Tuple>, matches: (endpoint: Tuple) => boolean): boolean {
  for (const endpoint of endpoints) if (matches(endpoint)) return true
  return false
}

/** Returns the frontend that a step is about: it leads elsewhere, comes, or goes to another Service. */
function frontendIn(step: ElementStep): Tuple | undefined {
  const { set, key, before, after } = step
  if (setNamed(set)?.kind === 'endpoints') return withoutLastFields(key, 1)
  const comes = NAMED.has(set) && before === undefined && after !== undefined
  return comes || isPassedOn(step) ? key : undefined
}

function isPassedOn({ set, before, after }: ElementStep): boolean {
  return NAMED.has(set) && !!before && !!after && before.comment !== after.comment
}

/** Returns all frontends that tables name, those without endpoints too. */
export function namedByTables(ruleset: Ruleset): readonly FrontendName[] {
  return [ruleset.ip, ruleset.ip6].flatMap(named)
}

function named(table: Table | undefined): readonly FrontendName[] {
  if (table === undefined) return []
  const { family, elements } = table
  const labelled = FRONTS.flatMap(labelledSets).flatMap((set) => [
    ...(elements.get(set)?.keys() ?? []),
  ])
  const ids = new Set([...Array.from(leading(table), ({ id }) => id), ...labelled])
  return Array.from(ids, (id) => ({ family, id }))
}

function* leading(table: Table | undefined): Iterable<FrontendName> {
  if (table === undefined) return
  const found = new Set<Tuple>()
  for (const map of ENDPOINTS_MAPS) {
    for (const key of table.elements.get(map)?.keys() ?? []) {
      if (lastFields(key, 1) === FIRST_SLOT) found.add(withoutLastFields(key, 1))
    }
  }
  for (const id of found) yield { family: table.family, id }
}

function* endpointsIn(
  table: Table | undefined,
  id: Tuple,
  maps: readonly string[],
): Iterable<Tuple> {
  for (const map of maps) {
    const elements = table?.elements.get(map)
    for (let slot = 0; ; slot++) {
      const endpoint = elements?.get(tuple(id, slot))?.data
      if (endpoint === undefined) break
      yield endpoint
    }
  }
}

function mapsOf(id: Tuple): readonly string[] {
  return REACHES.map((reach) => endpointsMap(frontOf(id), reach))
}

function frontOf(id: Tuple): Front {
  return frontendAddress(id).address === undefined ? 'node-port' : 'vip'
}

const FIRST_SLOT = tuple(0)

/** The sets whose comments name the Service of a frontend. */
const NAMED: ReadonlySet<string> = new Set(FRONTS.flatMap(labelledSets))
