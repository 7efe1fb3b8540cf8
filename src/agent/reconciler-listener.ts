import type { Failed } from '../dataplane/outcome.ts'
import type { Removal } from '../dataplane/removal.ts'
import type { Committed, Drift, ForeignChange, Session } from '../dataplane/session.ts'
import type { Settings } from '../model/node.ts'
import type { ObjectChange } from '../watch/object-change.ts'

/** Hears of all that the reconciler does. */
export interface ReconcilerListener {
  /** Every change of the objects, as it comes. */
  readonly changed: (change: ObjectChange) => void
  /** All is listed, but for the Node: nothing can be done. */
  readonly nodeMissing: () => void
  /** What changed so far is about to be committed; one of the next four follows. */
  readonly attempting: () => void
  readonly started: (first: Committed, session: Session, settings: Settings, ms: number) => void
  readonly committed: (outcome: Committed, session: Session, ms: number) => void
  readonly verified: (outcome: Drift, session: Session, ms: number) => void
  readonly failed: (outcome: Failed, ms: number) => void
  /** What is wanted cannot be started; what was in force before is started again. */
  readonly notStarted: (outcome: Failed) => void
  readonly foreign: (change: ForeignChange) => void
  /** Of what other backends left. */
  readonly removed: (outcome: Removal) => void
  /** Something threw that should not. */
  readonly bug: (error: unknown) => void
}
