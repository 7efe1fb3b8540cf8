import type { Goal } from '../dataplane/dataplane.ts'
import type { Failed } from '../dataplane/outcome.ts'
import type { Removal } from '../dataplane/removal.ts'
import type { Committed, Drift, ForeignChange, Session, Started } from '../dataplane/session.ts'
import type { NodeView, Settings } from '../model/node.ts'
import type { ObjectChange } from '../watch/object-change.ts'
import type { ObjectStore } from '../watch/object-store.ts'
import type { SeenNodes } from '../watch/seen-nodes.ts'
import type { Period } from './pace.ts'

/** The parts of the agent that the reconciler uses, and its listener. */
export interface ReconcilerParts {
  readonly store: ObjectStore<SeenNodes>
  /** Reads the kernel and brings it to the goal. */
  readonly start: (goal: Goal) => Promise<Started>
  /** Removes everything that no session of this process uses, until `signal` aborts. */
  readonly removeOthers: (signal: AbortSignal) => Promise<Removal>
  readonly settingsFor: (node: NodeView) => Settings
  /** Returns the former configuration's settings, if the present one has not been started yet. */
  readonly formerSettingsFor: (node: NodeView) => Settings | undefined
  /** How far the starts of two commits are apart. */
  readonly syncPeriod: () => Period
  readonly told: ReconcilerListener
}

/** The receiver of everything that the reconciler does. */
export interface ReconcilerListener {
  /** Gets every change of the objects, as it comes. */
  readonly changed: (change: ObjectChange) => void
  /** All objects are listed, but our Node is not among them, so nothing can be programmed. */
  readonly nodeMissing: () => void
  /** All changes so far are about to be committed; one of the next four calls follows. */
  readonly attempting: () => void
  readonly started: (first: Committed, session: Session, settings: Settings, ms: number) => void
  readonly committed: (outcome: Committed, session: Session, ms: number) => void
  readonly verified: (outcome: Drift, session: Session, ms: number) => void
  readonly failed: (outcome: Failed, ms: number) => void
  /** The wanted settings cannot be started; the former ones are started again. */
  readonly notStarted: (outcome: Failed) => void
  readonly foreign: (change: ForeignChange) => void
  /** Gets the outcome of removing what other backends left. */
  readonly removed: (outcome: Removal) => void
  /** Gets an unexpected error. */
  readonly bug: (error: unknown) => void
}
