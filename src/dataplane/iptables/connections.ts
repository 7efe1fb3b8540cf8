import { readNatCounters } from '../../apply/iptables/connections.ts'
import type { FlavourPrograms } from '../../apply/iptables/programs.ts'
import type { SessionRenderer } from '../../exempt/session-renderer.ts'
import type { ServedFrontends } from '../../frontend/frontend-change.ts'
import type { TableFamily } from '../../model/family.ts'
import { dispatchedBy } from '../../render/iptables/leaves.ts'
import { labelledCounts } from '../labelled-counts.ts'
import { failed } from '../outcome.ts'
import type { Connections } from '../session.ts'

/**
 * Returns what the rules have counted that take connections to frontends. A family in which nothing
 * is served is not read, as it may have no table.
 */
export async function connectionsInNat(
  { families }: FlavourPrograms,
  served: ServedFrontends,
  renderer: Pick<SessionRenderer, 'label'>,
): Promise<Connections> {
  const { counts, note } = labelledCounts(renderer)
  for (const family of familiesOf(served)) {
    const available = families[family]
    if (available.kind === 'missing') continue
    const obstacle = await readNatCounters(available.programs.save, (rule, connections) => {
      const id = dispatchedBy(rule)
      if (id !== undefined) note(family, id, connections)
    })
    if (obstacle !== undefined) return failed(obstacle.reason)
  }
  return { kind: 'counted', counts }
}

function familiesOf(served: ServedFrontends): ReadonlySet<TableFamily> {
  const found = new Set<TableFamily>()
  for (const { family } of served.all()) found.add(family)
  return found
}
