import type { EventName, Level, OccurrenceOf } from './occurrence.ts'

/** How an occurrence is logged. */
export interface Entry<Name extends EventName> {
  readonly level: Level
  /** For people: the message of the line, and the table in docs/metrics.md. */
  readonly says: string
  /** Occurrences about one subject are its states: the same state is not told twice. */
  readonly subject?: (occurrence: OccurrenceOf<Name>) => string
  /** What tells two states with the same name apart. */
  readonly state?: (occurrence: OccurrenceOf<Name>) => string
  /** Ends the state of its subject; not told if there was none to end. */
  readonly ends?: true
  /** Nothing that lasts: told again after this many milliseconds. Metrics count all of them. */
  readonly everyMs?: number
}
