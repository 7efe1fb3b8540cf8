import type { Committed, ForeignChange, Session } from '../dataplane/session.ts'
import type { Settings } from '../model/node.ts'
import type { Group } from '../plan/explain.ts'
import type { TcpFlows } from '../plan/flows/stale.ts'
import type { Telemetry } from '../report/telemetry.ts'
import type { AfterCommit } from './after-commit.ts'
import type { ReconcilerListener } from './reconciler-parts.ts'

interface ReportParts {
  readonly telemetry: Telemetry
  readonly afterCommit: AfterCommit
  readonly node: string
  readonly tcp: () => TcpFlows
  /** Called when a session has begun: settings, addresses and ownership may have changed. */
  readonly started: (session: Session, settings: Settings) => void
  /** Called when a configuration could not be started. */
  readonly notStarted: (reason: string) => void
}

/** The most repairs that are listed in the log; the rest are counted. */
const MOST = 5

/** Returns a listener that reports what the reconciler does, and does what follows from it. */
export function reconcilerEvents(parts: ReportParts): ReconcilerListener {
  return { ...eventsOfCommits(parts), ...eventsOfTrouble(parts) }
}

/** Returns the reports about changes that reach the kernel. */
function eventsOfCommits({
  telemetry,
  afterCommit,
  node,
  tcp,
  started,
}: ReportParts): Pick<
  ReconcilerListener,
  'changed' | 'attempting' | 'started' | 'committed' | 'verified'
> {
  const tellCommit = (outcome: Committed, session: Session, durationMs: number): void => {
    const { operations, bytes } = outcome
    const compared = outcome.reread !== undefined
    const commit = { operations, bytes, durationMs, compared, ...doubtOf(session) }
    telemetry.tell({ event: 'kernel-committed', ...commit })
  }
  return {
    changed(change) {
      afterCommit.changed(change)
      if (change.kind === 'service' || change.kind === 'service-gone') telemetry.changed('service')
      if (change.kind === 'slice' || change.kind === 'slice-gone') telemetry.changed('endpoint')
      if (change.kind === 'slice') telemetry.sliceChanged(change.triggered, change.slice.family)
    },
    attempting: () => telemetry.attempting(),
    started(outcome, session, settings, ms) {
      telemetry.tell({ event: 'node-found', node })
      started(session, settings)
      tellCommit(outcome, session, ms)
      afterCommit.started(session, tcp())
    },
    committed(outcome, session, ms) {
      tellCommit(outcome, session, ms)
      const { changes, reread } = outcome
      // What was known of the kernel was wrong, so what flows there are is not known either.
      if (reread === undefined) afterCommit.committed(changes, session, tcp())
      else afterCommit.compared(changes, session, tcp())
    },
    verified({ repaired, operations, changes }, session, durationMs) {
      const doubt = doubtOf(session)
      const found = inShort(repaired)
      if (operations === 0) telemetry.tell({ event: 'kernel-compared', durationMs, ...doubt })
      else telemetry.tell({ event: 'drift-repaired', operations, found, ...doubt })
      afterCommit.compared(changes, session, tcp())
    },
  }
}

/** Returns the reports about failures and about changes by other processes. */
function eventsOfTrouble({
  telemetry,
  node,
  notStarted,
}: ReportParts): Pick<
  ReconcilerListener,
  'nodeMissing' | 'failed' | 'notStarted' | 'removed' | 'bug' | 'foreign'
> {
  return {
    nodeMissing: () => telemetry.tell({ event: 'node-missing', node }),
    failed({ reason }, durationMs) {
      telemetry.tell({ event: 'commit-failed', reason, durationMs })
    },
    notStarted({ reason }) {
      notStarted(reason)
    },
    removed(outcome) {
      const { removed } = outcome
      if (removed.length > 0) telemetry.tell({ event: 'backend-replaced', removed })
      if (outcome.kind !== 'remains') return
      telemetry.tell({ event: 'backend-remains', reason: outcome.reason })
    },
    bug(error) {
      telemetry.tell({ event: 'bug', reason: stackOf(error) })
    },
    foreign({ touchesUs, ...who }: ForeignChange) {
      const changes = touchesUs === 'yes' ? "changed nodelb's tables" : 'may have changed them'
      telemetry.tell({ event: 'foreign-change', changes, ...who })
    },
  }
}

/** Returns why the kernel may hold something other than what the session programmed, if it may. */
function doubtOf(session: Session): { readonly doubt?: string } {
  const doubt = session.doubt()
  return doubt === undefined ? {} : { doubt }
}

/** Returns the stack of an error, or its message if it has none. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function inShort(repaired: readonly Group[]): string {
  const lines = repaired.flatMap(({ operations }) =>
    operations.map(({ sign, text }) => `${sign} ${text}`),
  )
  const more = lines.length > MOST ? [`and ${lines.length - MOST} more`] : []
  return [...lines.slice(0, MOST), ...more].join('; ')
}
