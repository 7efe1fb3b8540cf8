import type { TableFamily } from '../../model/family.ts'
import { type Tuple, withoutLastFields } from '../../model/tuple.ts'
import { SETS, setNamed } from '../../ruleset/nftables/sets.ts'
import type { KernelRuleset, Ruleset } from '../../ruleset/nftables/types.ts'
import type { Operation } from './operation.ts'

/** Returns the label of the Service port that an operation serves; undefined if it serves all. */
export type OwnerOf = (operation: Operation) => string | undefined

/**
 * Finds owners by the comments of elements in both, those of `last` if they differ; reads them when
 * first asked.
 */
export function owners(first: KernelRuleset | Ruleset, last: KernelRuleset | Ruleset): OwnerOf {
  let labels: Labels | undefined
  return ownersBy((family, front) => {
    labels ??= readLabels(first, last)
    return labels[family].get(front)
  })
}

type Labels = Readonly<Record<TableFamily, Map<string, string>>>

function readLabels(...rulesets: readonly (KernelRuleset | Ruleset)[]): Labels {
  const labels: Labels = { ip: new Map(), ip6: new Map() }
  for (const ruleset of rulesets) {
    for (const family of ['ip', 'ip6'] as const) {
      for (const elements of ruleset[family]?.elements.values() ?? []) {
        for (const [key, { comment }] of elements) {
          if (comment !== undefined) labels[family].set(key, comment)
        }
      }
    }
  }
  return labels
}

/** Finds owners with a function that knows the labels of VIPs and node ports. */
export function ownersBy(
  label: (family: TableFamily, front: string) => string | undefined,
): OwnerOf {
  return (operation) => {
    if (operation.kind !== 'add-element' && operation.kind !== 'delete-element') return undefined
    const front = frontOf(operation.set.name, operation.key)
    return label(operation.family, front) ?? operation.value.comment
  }
}

/** Returns the VIP or node port that an element is about. */
export function frontOf(set: string, key: Tuple): string {
  const id = setNamed(set)
  switch (id?.kind) {
    case 'seated':
      return withoutLastFields(key, ENDPOINT_FIELDS)
    case 'endpoints':
      return withoutLastFields(key, 1)
    case 'single':
      return id.name === SETS.allowedSources ? withoutLastFields(key, 1) : key
    default:
      return key
  }
}

/** The fields of an endpoint: address and port. */
const ENDPOINT_FIELDS = 2
