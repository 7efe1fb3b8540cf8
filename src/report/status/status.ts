import type { Scope } from '../../model/node.ts'
import type { BgpView } from '../../speaker/bgp/view.ts'
import type { AnnounceView } from '../../speaker/view.ts'
import type { Time } from '../../telemetry/moment.ts'
import type { Resource } from '../../watch/resources.ts'
import type { AgentState, Ownership, WatchState } from './agent-state.ts'
import { readiness } from './health.ts'
import { type Shortcomings, shortcomings } from './shortcomings.ts'
import type { ServiceSummary } from './status-services.ts'

type WatchStatus = Omit<WatchState, 'since'> & { readonly since: string }

/** The running agent's view of itself, as its socket returns it. Times are RFC 3339. */
export interface Status extends Shortcomings {
  /** The time of this status. */
  readonly at: string
  readonly version: string
  readonly node: string
  readonly pid: number
  readonly startedAt: string
  readonly ready: boolean
  readonly reason: string
  readonly lastCommit: {
    readonly at: string
    readonly operations: number
    readonly bytes: number
    readonly durationMs: number
  } | null
  /** The backend that programs the node; null if there is none yet. */
  readonly backend: string | null
  /** What is programmed; null where no backend was started yet. */
  readonly scope: Scope | null
  /**
   * The times when the kernel was last known to hold what the objects say, and when all of it was
   * last read.
   */
  readonly verified: { readonly at: string; readonly comparedAt: string | null } | null
  /** The reason why the kernel may hold something else since. */
  readonly doubt: { readonly since: string; readonly reason: string } | null
  /** A configuration that is not in force yet; `failed` if it was tried. */
  readonly waiting: {
    readonly since: string
    readonly source: string
    readonly reason: string
    readonly failed: boolean
  } | null
  /** The newest configuration, if it cannot be used at all; the one before it is in force. */
  readonly refusedConfiguration: {
    readonly since: string
    readonly source: string
    readonly reason: string
  } | null
  readonly failing: { readonly since: string; readonly reason: string } | null
  readonly ownership: Ownership
  /** The state of the watch for each resource that is followed. */
  readonly watches: Readonly<Record<string, WatchStatus>>
  readonly objects: Readonly<Record<string, number>>
  readonly conditions: readonly string[]
  /** What others had changed and was repaired in the last 24 hours, as far as it is kept. */
  readonly repairs: readonly { readonly at: string; readonly operations: number }[]
  readonly services: readonly ServiceSummary[]
  /** What this node announces; null where it announces nothing, or has not begun. */
  readonly announce: AnnounceView | null
  /** What this node announces by BGP; null where it announces nothing so, or has not begun. */
  readonly bgp: BgpView | null
}

interface StatusSource {
  readonly version: string
  readonly node: string
  readonly objects: () => Readonly<Record<string, number>>
  /** Returns all Services, or those of this name with their endpoints one by one. */
  readonly services: (only?: string) => Iterable<ServiceSummary>
  readonly announce: { view(): AnnounceView | undefined; bgp(): BgpView | undefined }
}

/** Returns the status at a time; of Services only those of the name, if one is given. */
export function statusOf(
  state: AgentState,
  source: StatusSource,
  now: Time,
  only?: string,
): Status {
  const { good, reason } = readiness(state)
  return {
    at: time(now),
    version: source.version,
    node: source.node,
    pid: process.pid,
    startedAt: time(state.startedAt),
    ready: good,
    reason,
    ...programming(state),
    scope: state.scope ?? null,
    repairs: state.repairs
      .filter(({ at }) => at > now - DAY_MS)
      .map(({ at, operations }) => ({ at: time(at), operations })),
    ownership: state.ownership,
    watches: watchesOf(state),
    objects: source.objects(),
    conditions: conditions(state),
    ...shortcomings(state),
    services: [...source.services(only)],
    announce: source.announce.view() ?? null,
    bgp: source.announce.bgp() ?? null,
  }
}

const DAY_MS = 24 * 60 * 60 * 1000

/** The part of the status about how far the kernel holds what the objects say. */
type Programming = Pick<
  Status,
  'lastCommit' | 'backend' | 'verified' | 'doubt' | 'waiting' | 'refusedConfiguration' | 'failing'
>

function programming(state: AgentState): Programming {
  const { lastCommit, failing, verified, doubt, waiting, refusedConfiguration: refused } = state
  return {
    lastCommit: lastCommit
      ? {
          at: time(lastCommit.at),
          operations: lastCommit.operations,
          bytes: lastCommit.bytes,
          durationMs: lastCommit.durationMs,
        }
      : null,
    backend: state.backend ?? null,
    verified: verified
      ? {
          at: time(verified.at),
          comparedAt: verified.comparedAt ? time(verified.comparedAt) : null,
        }
      : null,
    doubt: doubt ? { since: time(doubt.since), reason: doubt.reason } : null,
    waiting: waiting ? { ...waiting, since: time(waiting.since) } : null,
    refusedConfiguration: refused ? { ...refused, since: time(refused.since) } : null,
    failing: failing ? { since: time(failing.since), reason: failing.reason } : null,
  }
}

function watchesOf({ watches }: AgentState): Status['watches'] {
  const entries = [...watches].map(([resource, watch]): [Resource, WatchStatus] => {
    return [resource, { ...watch, since: time(watch.since) }]
  })
  return Object.fromEntries(entries)
}

/** Returns what an operator should know although nothing has failed. */
function conditions(state: AgentState): readonly string[] {
  const { kubeProxy, takenPorts, leaving, stopping, unsaved } = state
  const found: string[] = [...state.conditions.values()].flat()
  if (kubeProxy.length > 0) found.push(`tables of kube-proxy are present: ${kubeProxy.join(', ')}`)
  for (const { address, reason } of takenPorts.values()) {
    found.push(`${address}, where nodelb answers in place of kube-proxy, is taken: ${reason}`)
  }
  if (unsaved !== undefined) {
    found.push(`addresses are not saved, so a restart may change them: ${unsaved}`)
  }
  if (leaving !== undefined) found.push(`the node is leaving: ${leaving}`)
  if (stopping !== undefined) found.push(`the agent ends: ${stopping}`)
  return found
}

function time(ms: number): string {
  return new Date(ms).toISOString()
}
