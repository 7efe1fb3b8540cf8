import type { NodeFacts } from '../../model/node-facts.ts'
import type { Moment, Time } from '../../telemetry/moment.ts'
import type { RecentTimes } from '../../telemetry/recent-times.ts'
import type { AgentState } from './agent-state.ts'
import { readiness } from './health.ts'

/** As many refused Services are named. */
const MOST_REFUSED = 10
/** The longest text, in characters: what the kernel or a server says may be long. */
const LONGEST = 300
const DAY_MS = 24 * 60 * 60 * 1000

/** Returns what is told of a node in the API server. Its size does not depend on that of the cluster. */
export function nodeFacts(
  state: AgentState,
  { version, recent }: { readonly version: string; readonly recent: RecentTimes },
  { now, steady }: Moment,
): NodeFacts {
  const { verified, doubt, ownership, refused } = state
  const { good: ready, reason } = readiness(state)
  const { count: changes, p99 } = recent.last(steady)
  return {
    observedAt: time(now),
    startedAt: time(state.startedAt),
    version,
    backend: state.backend ?? null,
    scope: state.scope ?? null,
    owned: ownership.kind === 'unknown' ? null : ownership.kind === 'owned',
    ready,
    reason: short(reason),
    p99Milliseconds: p99 ?? null,
    changes,
    lastChangeAt: timeOrNull(state.lastChangeAt),
    comparedAt: timeOrNull(verified?.comparedAt),
    repairs: state.repairs.filter(({ at }) => at > now - DAY_MS).length,
    drift: doubt === undefined ? null : { since: time(doubt.since), reason: short(doubt.reason) },
    refused: [...refused].slice(0, MOST_REFUSED).map(([service, { reason: why }]) => {
      return { service, reason: short(why) }
    }),
    refusedServices: refused.size,
  }
}

function short(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`
}

function timeOrNull(ms: Time | undefined): string | null {
  return ms === undefined ? null : time(ms)
}

function time(ms: Time): string {
  return new Date(ms).toISOString()
}
