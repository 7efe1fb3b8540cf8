import { readNatCounters } from '../../apply/iptables/connections.ts'
import type { FlavourPrograms } from '../../apply/iptables/programs.ts'
import type { SessionRenderer } from '../../exempt/session-renderer.ts'
import type { ConnectionCount } from '../../frontend/connection-totals.ts'
import type { ServedFrontends } from '../../frontend/frontend-change.ts'
import type { TableFamily } from '../../model/family.ts'
import { dispatchedBy } from '../../render/iptables/leaves.ts'
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
  const counts: ConnectionCount[] = []
  for (const family of familiesOf(served)) {
    const available = families[family]
    if (available.kind === 'missing') continue
    const obstacle = await readNatCounters(available.programs.save, (rule, connections) => {
      const id = dispatchedBy(rule)
      if (id === undefined) return
      const label = renderer.label(family, id)
      if (label !== undefined) counts.push({ family, id, label, connections })
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
