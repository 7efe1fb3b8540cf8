import type { TableFamily } from '../../../src/model/family.ts'
import type { Tuple } from '../../../src/model/tuple.ts'
import type { TcpFlows } from '../../../src/plan/flows/stale.ts'
import type { ElementStep, ElementValue, Ruleset } from '../../../src/ruleset/nftables/types.ts'

type Entries = readonly (readonly [string, readonly (readonly [Tuple, ElementValue])[]])[]

/** What to clean after: as much of a commit as goes through a pipe. */
export interface Commission {
  readonly steps: readonly ElementStep[]
  readonly elements: Readonly<Record<TableFamily, Entries>>
  readonly tcp: TcpFlows
}

export function commission(
  steps: readonly ElementStep[],
  after: Ruleset,
  tcp: TcpFlows,
): Commission {
  const entries = (family: TableFamily): Entries =>
    [...(after[family]?.elements ?? [])].map(([set, held]) => [set, [...held]])
  return { steps, elements: { ip: entries('ip'), ip6: entries('ip6') }, tcp }
}

export function rulesetOf(elements: Commission['elements']): Ruleset {
  const table = <Family extends TableFamily>(family: Family) => ({
    family,
    sets: new Map(),
    chains: new Map(),
    elements: new Map(elements[family].map(([set, held]) => [set, new Map(held)])),
  })
  return { ip: table('ip'), ip6: table('ip6') }
}
