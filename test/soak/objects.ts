import type { ObjectChange } from './churn.ts'
import type { Span } from './schedule.ts'

/** Ends what was begun. */
export type End = () => Promise<void>

/** Where the agent has its objects from, and the hand that changes them there. */
export interface Objects {
  /** How the agent is told to follow them. */
  readonly args: readonly string[]
  change(change: ObjectChange): Promise<void>
  /** Begins what is done to the source itself. */
  begin(span: Span): Promise<End>
  /** What is there now, for a program that reads files. */
  files(): Promise<string>
  /** Connections break; where asked, what was before is forgotten, so that watches begin anew. */
  cut(compact: boolean): Promise<void>
  close(): Promise<void>
}
