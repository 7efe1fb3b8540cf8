import { CATALOGUE } from './catalogue.ts'
import type { Entry } from './catalogue-entry.ts'
import type { EventName, Occurrence } from './occurrence.ts'

/** Returns whether an occurrence is news: its subject was in another state, or has none. */
type IsNews = (occurrence: Occurrence) => boolean

interface Told {
  readonly state: string
  readonly at: number
}

/**
 * Returns a filter that remembers one state per subject, as long as the state lasts. `now` returns
 * milliseconds by a monotonic clock.
 */
export function toldOnce(now: () => number = () => performance.now()): IsNews {
  const told = new Map<string, Told>()
  return (occurrence) => {
    const entry = CATALOGUE[occurrence.event] as Entry<EventName>
    if (entry.subject === undefined) return true
    const subject = entry.subject(occurrence)
    if (entry.ends) return told.delete(subject)
    const state = `${occurrence.event} ${entry.state?.(occurrence) ?? ''}`
    const last = told.get(subject)
    const old = last !== undefined && now() - last.at >= (entry.everyMs ?? Number.POSITIVE_INFINITY)
    if (last?.state === state && !old) return false
    told.set(subject, { state, at: now() })
    return true
  }
}
