import type { TableFamily } from '../../model/family.ts'
import { allAtOnce, type Steps } from '../../model/steps.ts'
import type { Tuple } from '../../model/tuple.ts'
import { sameValue } from '../../ruleset/nftables/same-value.ts'
import { setSchema } from '../../ruleset/nftables/set-schema.ts'
import type {
  BaseHook,
  Chain,
  ElementValue,
  KernelChain,
  KernelRuleset,
  KernelTable,
  Ruleset,
  SetSchema,
  Table,
} from '../../ruleset/nftables/types.ts'
import type { Operation, Plan, Step } from './operation.ts'
import { deleteRule, planRules } from './rules.ts'

/**
 * Returns the fewest operations that turn what the kernel holds into what is desired. The kernel
 * demands the order: tables, sets and chains first; an element goes before its key comes again;
 * rules bind to a map before it is filled, because binding walks the map; then unused rules, sets
 * and chains go. The plan may refer to elements of `desired`, so it is valid until they change.
 */
export function plan(current: KernelRuleset, desired: Ruleset): Plan {
  return allAtOnce(planInSteps(current, desired))
}

/** Does the same as `plan`, and lets other work go on while large sets are compared. */
export function* planInSteps(current: KernelRuleset, desired: Ruleset): Steps<Plan> {
  const ip = yield* planTable('ip', current.ip, desired.ip)
  const ip6 = yield* planTable('ip6', current.ip6, desired.ip6)
  return [...ip, ...ip6]
}

/** The steps of one table, by phase, in the order in which the kernel accepts them. */
export interface Phases {
  readonly create: Operation[]
  readonly removeElements: Operation[]
  readonly addRules: Operation[]
  readonly addElements: Step[]
  readonly deleteRules: Operation[]
  readonly destroy: Operation[]
}

function* planTable(
  family: TableFamily,
  current: KernelTable | undefined,
  desired: Table | undefined,
): Steps<Plan> {
  if (desired === undefined) return current === undefined ? [] : [{ kind: 'delete-table', family }]
  const phases = noPhases()
  if (current === undefined) phases.create.push({ kind: 'add-table', family })
  else if (!compatible(current, desired)) return yield* rebuild(family, desired)
  yield* planSets(phases, family, current, desired)
  planChains(phases, family, current?.chains, desired.chains)
  return inOrder(phases)
}

/** Returns phases without operations, to be filled. */
export function noPhases(): Phases {
  return {
    create: [],
    removeElements: [],
    addRules: [],
    addElements: [],
    deleteRules: [],
    destroy: [],
  }
}

/** Returns the steps of all phases in the order in which the kernel accepts them. */
export function inOrder(phases: Phases): Plan {
  return [
    ...phases.create,
    ...phases.removeElements,
    ...phases.addRules,
    ...phases.addElements,
    ...phases.deleteRules,
    ...phases.destroy,
  ]
}

/** A set of another shape, or a chain on another hook, cannot be changed in place. */
function compatible(current: KernelTable, desired: Table): boolean {
  for (const [name, schema] of desired.sets) {
    const found = current.sets.get(name)
    if (found !== undefined && !sameSchema(found, schema)) return false
  }
  for (const [name, chain] of desired.chains) {
    const found = current.chains.get(name)
    if (found !== undefined && !sameHook(found.base, chain.base)) return false
  }
  return true
}

/** Replaces a table of another layout: the old one goes and the new one comes in one batch. */
function* rebuild(family: TableFamily, desired: Table): Steps<Plan> {
  return [{ kind: 'delete-table', family }, ...(yield* planTable(family, undefined, desired))]
}

function* planSets(
  phases: Phases,
  family: TableFamily,
  current: KernelTable | undefined,
  desired: Table,
): Steps<void> {
  const held = (name: string): ReadonlyMap<Tuple, ElementValue> =>
    current?.elements.get(name) ?? new Map()
  for (const [name, set] of desired.sets) {
    if (!current?.sets.has(name)) phases.create.push({ kind: 'add-set', family, set })
    if (!set.learned) {
      const wanted = desired.elements.get(name) ?? new Map()
      yield* planElements(phases, { family, set }, held(name), wanted)
    }
  }
  for (const [name, found] of current?.sets ?? []) {
    if (desired.sets.has(name)) continue
    phases.destroy.push({ kind: 'delete-set', family, set: name })
    const set = setSchema(family, name)
    if (leadsToChains(set) && sameSchema(found, set)) {
      yield* planElements(phases, { family, set }, held(name), new Map())
    }
  }
}

/**
 * Returns whether the set's elements lead to chains. The elements of a set go with it, but kernels
 * before Linux 6.4 hold on to the chains that these lead to until the batch is over, and refuse to
 * delete them.
 */
export function leadsToChains({ data }: SetSchema): boolean {
  return data === 'verdict'
}

function* planElements(
  phases: Phases,
  { family, set }: { readonly family: TableFamily; readonly set: SetSchema },
  found: ReadonlyMap<Tuple, ElementValue>,
  wanted: ReadonlyMap<Tuple, ElementValue>,
): Steps<void> {
  const gone = yield* differing(found, wanted)
  // The kernel lists elements by hash; a diff of the same things is to read the same every time.
  for (const [key, value] of gone.sort(([a], [b]) => (a < b ? -1 : 1))) {
    phases.removeElements.push({ kind: 'delete-element', family, set, key, value })
  }
  if (found.size === 0) {
    if (wanted.size > 0) {
      phases.addElements.push({ kind: 'fill-set', family, set, elements: wanted })
    }
    return
  }
  // All that is found is wanted, and there is as much of both: nothing is missing.
  if (gone.length === 0 && found.size === wanted.size) return
  for (const [key, value] of yield* differing(wanted, found)) {
    phases.addElements.push({ kind: 'add-element', family, set, key, value })
  }
}

/** Elements that are compared between two steps: a step costs more than a comparison. */
const AT_ONCE = 256

/** Returns the elements that the other set has not, or has with another value. */
function* differing(
  elements: ReadonlyMap<Tuple, ElementValue>,
  others: ReadonlyMap<Tuple, ElementValue>,
): Steps<[Tuple, ElementValue][]> {
  const found: [Tuple, ElementValue][] = []
  let count = 0
  for (const [key, value] of elements) {
    const other = others.get(key)
    if (other === undefined || !sameValue(value, other)) found.push([key, value])
    count += 1
    if (count % AT_ONCE === 0) yield
  }
  return found
}

/** Adds the chains and rules that differ to the phases. */
export function planChains(
  phases: Phases,
  family: TableFamily,
  current: ReadonlyMap<string, KernelChain> | undefined,
  desired: ReadonlyMap<string, Chain>,
): void {
  for (const [name, chain] of desired) {
    const found = current?.get(name)
    if (found === undefined) phases.create.push(addChain(family, chain))
    const { inserts, deletes } = planRules(family, found?.rules ?? [], chain)
    phases.addRules.push(...inserts)
    phases.deleteRules.push(...deletes)
  }
  const gone = [...(current?.values() ?? [])].filter(({ name }) => !desired.has(name))
  for (const { name, rules } of gone) {
    phases.deleteRules.push(...rules.map((rule) => deleteRule(family, name, rule)))
  }
  // Chains go after the sets, because another program's verdict map may still jump to a chain.
  phases.destroy.push(
    ...gone.map(({ name }): Operation => ({ kind: 'delete-chain', family, chain: name })),
  )
}

function addChain(family: TableFamily, { name, base }: Chain): Operation {
  return base === undefined
    ? { kind: 'add-chain', family, chain: name }
    : { kind: 'add-chain', family, chain: name, base }
}

function sameSchema(a: SetSchema, b: SetSchema): boolean {
  return (
    a.key.join() === b.key.join() &&
    `${a.data}` === `${b.data}` &&
    (a.interval ?? false) === (b.interval ?? false) &&
    (a.counter ?? false) === (b.counter ?? false) &&
    (a.learned === undefined) === (b.learned === undefined)
  )
}

function sameHook(a: BaseHook | undefined, b: BaseHook | undefined): boolean {
  return a?.type === b?.type && a?.hook === b?.hook && a?.priority === b?.priority
}
