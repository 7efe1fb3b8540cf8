import type { HeldFrontend } from '../../frontend/held-frontend.ts'
import type { TableFamily } from '../../model/family.ts'
import { firstFields, lastFields, type Tuple, withoutLastFields } from '../../model/tuple.ts'
import {
  endpointsMap,
  FRONTS,
  type Front,
  labelledSets,
  type Reach,
  SETS,
  seatedMap,
  setsOf,
} from '../../ruleset/nftables/sets.ts'
import type { KernelRuleset, Ruleset } from '../../ruleset/nftables/types.ts'
import { chainCalledBy, remembering } from '../../ruleset/nftables/verdicts.ts'

type Elements = NonNullable<Ruleset['ip']>['elements']

/** Returns the frontends that the elements of tables stand for, also where some are missing. */
export function frontendsInTables(ruleset: KernelRuleset | Ruleset): readonly HeldFrontend[] {
  return (['ip', 'ip6'] as const).flatMap((family) => {
    const elements = ruleset[family]?.elements
    return elements === undefined
      ? []
      : FRONTS.flatMap((front) => heldFronts(family, front, elements))
  })
}

function heldFronts(family: TableFamily, front: Front, elements: Elements): HeldFrontend[] {
  const names = setsOf(front)
  const endpoints = (reach: Reach) => byFrontend(elements, endpointsMap(front, reach), dataOf, 1)
  const [cluster, local] = [endpoints('cluster'), endpoints('local')]
  const sources = byFrontend(elements, SETS.allowedSources, (key) => lastFields(key, 1), 1)
  const seconds = rememberedBy(elements, front)
  const has = (set: string, id: Tuple): boolean => elements.get(set)?.has(id) === true
  return [...labelsOf(elements, front)].map(([id, label]) => {
    const isLocal = has(names.local, id)
    const inside = cluster.get(id) ?? []
    return {
      ...{ family, id, label, isLocal },
      endpoints: isLocal ? (local.get(id) ?? []) : inside,
      inside: isLocal ? inside : undefined,
      unserved: has(names.noEndpoints, id)
        ? 'reject'
        : has(names.noLocalEndpoints, id)
          ? 'drop'
          : undefined,
      sources: has(SETS.restricted, id) ? (sources.get(id) ?? []) : undefined,
      remembered: seconds.get(id),
    }
  })
}

function labelsOf(elements: Elements, front: Front): ReadonlyMap<Tuple, string> {
  const labels = new Map<Tuple, string>()
  for (const set of labelledSets(front)) {
    for (const [id, { comment }] of elements.get(set) ?? []) {
      if (comment !== undefined) labels.set(id, comment)
    }
  }
  return labels
}

type TextOf = (key: Tuple, data: Tuple | undefined) => Tuple | undefined

const dataOf: TextOf = (_, data) => data

/** Gathers what elements say of each frontend, sorted; their keys have `more` fields behind it. */
function byFrontend(
  elements: Elements,
  set: string,
  textOf: TextOf,
  more: number,
): ReadonlyMap<Tuple, readonly Tuple[]> {
  const found = new Map<Tuple, Tuple[]>()
  for (const [key, { data }] of elements.get(set) ?? []) {
    const text = textOf(key, data)
    if (text === undefined) continue
    const id = withoutLastFields(key, more)
    const texts = found.get(id)
    if (texts === undefined) found.set(id, [text])
    else texts.push(text)
  }
  for (const texts of found.values()) texts.sort()
  return found
}

/** Returns for how many seconds frontends with session affinity remember clients. */
function rememberedBy(elements: Elements, front: Front): ReadonlyMap<Tuple, number> {
  const fields = front === 'vip' ? 3 : 2
  const found = new Map<Tuple, number>()
  for (const [key, value] of elements.get(seatedMap(front)) ?? []) {
    const { seconds } = remembering(chainCalledBy(value) ?? '') ?? {}
    if (seconds !== undefined) found.set(firstFields(key, fields), seconds)
  }
  return found
}
