import type { Scope } from '../../model/node.ts'
import type { BgpView } from '../../speaker/bgp/view.ts'
import type { AnnounceView } from '../../speaker/view.ts'
import type { Time } from '../../telemetry/moment.ts'
import type { Resource } from '../../watch/resources.ts'
import type { AgentState, Ownership, WatchState } from './agent-state.ts'
import { readiness } from './health.ts'
import type { ServiceSummary } from './status-services.ts'

type WatchStatus = Omit<WatchState, 'since'> & { readonly since: string }

/** The running agent's view of itself, as its socket returns it. Times are RFC 3339. */
export interface Status {
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
  readonly refused: readonly {
    readonly service: string
    readonly reason: string
    readonly since: string
  }[]
  readonly contested: readonly {
    readonly service: string
    readonly address: string
    readonly winner: string
  }[]
  /** Addresses that are refused to every Service that asks for them. */
  readonly refusedAddresses: readonly {
    readonly service: string
    readonly address: string
    readonly reason: string
  }[]
  /**
   * The number of further contested or refused addresses, for Services that have more than are
   * listed.
   */
  readonly moreAddresses: readonly { readonly service: string; readonly addresses: number }[]
  readonly problems: readonly string[]
  /** Those of objects, and the Service that each object is about; null if it is about none. */
  readonly invalid: readonly {
    readonly object: string
    readonly service: string | null
    readonly problems: readonly string[]
  }[]
  /** What others had changed and was repaired in the last 24 hours, as far as it is kept. */
  readonly repairs: readonly { readonly at: string; readonly operations: number }[]
  /** What should be settled where the agent gives addresses, `Service/shop/web` that waits too. */
  readonly allocation: readonly { readonly object: string; readonly problem: string }[]
  readonly healthChecksWaiting: readonly {
    readonly service: string
    readonly port: number
    readonly reason: string
  }[]
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

/** The part of the status about what Services and other objects ask for and do not get. */
type Shortcomings = Pick<
  Status,
  | 'refused'
  | 'contested'
  | 'refusedAddresses'
  | 'moreAddresses'
  | 'problems'
  | 'invalid'
  | 'allocation'
  | 'healthChecksWaiting'
>

function shortcomings(state: AgentState): Shortcomings {
  const denied = [...state.denied.values()]
  return {
    refused: [...state.refused].map(([service, { reason, since }]) => ({
      service,
      reason,
      since: time(since),
    })),
    contested: denied.flatMap((each) =>
      each.event === 'address-contested'
        ? [{ service: each.service, address: each.address, winner: each.winner }]
        : [],
    ),
    refusedAddresses: denied.flatMap((each) =>
      each.event === 'address-refused'
        ? [{ service: each.service, address: each.address, reason: each.reason }]
        : [],
    ),
    moreAddresses: [...state.moreDenied].map(([service, addresses]) => ({ service, addresses })),
    problems: [...state.sourceProblems, ...[...state.invalid.values()].flat()],
    invalid: [...state.invalid].map(([object, problems]) => {
      return { object, service: state.concerned.get(object) ?? null, problems }
    }),
    allocation: [...state.allocation].flatMap(([object, problems]) =>
      problems.map((problem) => ({ object, problem })),
    ),
    healthChecksWaiting: [...state.closedHealthChecks.values()].map(
      ({ service, port, reason }) => ({ service, port, reason }),
    ),
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
