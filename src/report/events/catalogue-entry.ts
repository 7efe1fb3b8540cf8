import type { EventName, Level, OccurrenceOf } from './occurrence.ts'

/** The way an occurrence is logged. */
export interface Entry<Name extends EventName> {
  readonly level: Level
  /** The text for people: the message of the log line, and the entry in docs/metrics.md. */
  readonly says: string
  /**
   * Returns the subject. Occurrences about one subject are its states, and the same state is not
   * logged twice.
   */
  readonly subject?: (occurrence: OccurrenceOf<Name>) => string
  /** Returns what distinguishes two states with the same event name. */
  readonly state?: (occurrence: OccurrenceOf<Name>) => string
  /** Whether it ends the state of its subject; it is not logged if there was no state to end. */
  readonly ends?: true
  /**
   * For an occurrence that is no lasting state: it is logged again after this many milliseconds.
   * Metrics count every one.
   */
  readonly everyMs?: number
}
