import type { Group } from '../plan/explain.ts'
import type { TcpFlows } from '../plan/stale-flows.ts'
import type { Aftermath } from './aftermath.ts'
import type { ReconcilerListener } from './reconciler.ts'
import type { Committed, ForeignChange, Session } from './session.ts'
import type { Telemetry } from './telemetry/telemetry.ts'

export interface ReportParts {
  readonly telemetry: Telemetry
  readonly aftermath: Aftermath
  readonly node: string
  readonly tcp: () => TcpFlows
  /** A session began: settings, addresses and ownership may be others than before. */
  readonly started: (session: Session) => void
}

/** Repairs that are named in the log; the rest is counted. */
const MOST = 5

/** Tells operators what the reconciler does, and does what follows from it. */
export function reports({
  telemetry,
  aftermath,
  node,
  tcp,
  started,
}: ReportParts): ReconcilerListener {
  const tellCommit = ({ operations, bytes }: Committed, durationMs: number): void => {
    telemetry.tell({ event: 'kernel-committed', operations, bytes, durationMs })
  }
  return {
    changed(change) {
      aftermath.changed(change)
      if (change.kind === 'slice') telemetry.sliceChanged(change.triggered)
    },
    nodeMissing: () => telemetry.tell({ event: 'node-missing', node }),
    attempting: () => telemetry.attempting(),
    started(outcome, session, ms) {
      telemetry.tell({ event: 'node-found', node })
      started(session)
      tellCommit(outcome, ms)
      aftermath.started(session, tcp())
    },
    committed(outcome, session, ms) {
      tellCommit(outcome, ms)
      aftermath.committed(outcome, session, tcp())
    },
    verified({ repaired, operations, changes }, session, durationMs) {
      if (operations === 0) telemetry.tell({ event: 'kernel-compared', durationMs })
      else telemetry.tell({ event: 'drift-repaired', operations, found: inShort(repaired) })
      aftermath.compared(changes, session, tcp())
    },
    failed({ reason }, durationMs) {
      telemetry.tell({ event: 'commit-failed', reason, durationMs })
    },
    foreign({ touchesUs, ...who }: ForeignChange) {
      const changes = touchesUs === 'yes' ? "changed nodelb's tables" : 'may have changed them'
      telemetry.tell({ event: 'foreign-change', changes, ...who })
    },
  }
}

function inShort(repaired: readonly Group[]): string {
  const lines = repaired.flatMap(({ operations }) =>
    operations.map(({ sign, text }) => `${sign} ${text}`),
  )
  const more = lines.length > MOST ? [`and ${lines.length - MOST} more`] : []
  return [...lines.slice(0, MOST), ...more].join('; ')
}
