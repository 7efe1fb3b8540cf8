import {
  ChangeNotes,
  completed,
  type FrontendChange,
  type FrontendName,
  type ServedFrontends,
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
    endpoints: ({ family, id }) => endpointsIn(ruleset[family], id),
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

/** Returns what changed elements mean for frontends; `served` is the state after the changes. */
export function frontendChanges(
  steps: Iterable<ElementStep>,
  served: ServedFrontends,
): readonly FrontendChange[] {
  const notes = new ChangeNotes()
  for (const step of steps) {
    const id = frontendIn(step)
    if (id === undefined) continue
    const { family, set, before, after } = step
    const noted = notes.of({ family, id })
    if (NAMED.has(set)) noted.labels = [before?.comment, after?.comment]
    if (before?.data !== undefined) noted.gone.add(before.data)
    if (after?.data !== undefined) noted.came.add(after.data)
  }
  return completed(notes.all(), served)
}

/** Returns the frontend that a step is about: it leads elsewhere, or goes to another Service. */
function frontendIn({ set, key, before, after }: ElementStep): Tuple | undefined {
  if (setNamed(set)?.kind === 'endpoints') return withoutLastFields(key, 1)
  const isPassedOn = NAMED.has(set) && !!before && !!after && before.comment !== after.comment
  return isPassedOn ? key : undefined
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

function endpointsIn(table: Table | undefined, id: Tuple): ReadonlySet<Tuple> {
  const found = new Set<Tuple>()
  const front = frontOf(id)
  for (const reach of REACHES) {
    const elements = table?.elements.get(endpointsMap(front, reach))
    for (let slot = 0; ; slot++) {
      const endpoint = elements?.get(tuple(id, slot))?.data
      if (endpoint === undefined) break
      found.add(endpoint)
    }
  }
  return found
}

function frontOf(id: Tuple): Front {
  return frontendAddress(id).address === undefined ? 'node-port' : 'vip'
}

const FIRST_SLOT = tuple(0)

/** The sets whose comments name the Service of a frontend. */
const NAMED: ReadonlySet<string> = new Set(FRONTS.flatMap(labelledSets))
