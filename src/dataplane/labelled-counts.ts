import type { SessionRenderer } from '../exempt/session-renderer.ts'
import type { ConnectionCount } from '../frontend/connection-totals.ts'
import type { TableFamily } from '../model/family.ts'
import type { FrontendId } from '../model/frontend-id.ts'

interface LabelledCounts {
  /** What was noted so far. */
  readonly counts: readonly ConnectionCount[]
  /** Notes how many connections a counter has; one of no Service is left out. */
  readonly note: (family: TableFamily, id: FrontendId, connections: number) => void
}

/** Returns what collects counters of connections, with the label of the Service port that each belongs to now. */
export function labelledCounts(renderer: Pick<SessionRenderer, 'label'>): LabelledCounts {
  const counts: ConnectionCount[] = []
  return {
    counts,
    note(family, id, connections) {
      const label = renderer.label(family, id)
      if (label !== undefined) counts.push({ family, id, label, connections })
    },
  }
}
