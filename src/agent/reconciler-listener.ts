import type { Failed } from '../dataplane/outcome.ts'
import type { Removal } from '../dataplane/removal.ts'
import type { Committed, Drift, ForeignChange, Session } from '../dataplane/session.ts'
import type { Settings } from '../model/node.ts'
import type { ObjectChange } from '../watch/object-change.ts'

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
