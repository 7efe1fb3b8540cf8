import type { Lasting, Steady, Time } from '../../telemetry/moment.ts'
import { NODE_RESOURCES, type Resource } from '../../watch/resources.ts'
import type { Commit, Condition, OccurrenceOf, Server } from './occurrence.ts'

export type WatchState =
  | { readonly kind: 'starting' | 'listing'; readonly since: Time }
  | { readonly kind: 'following'; readonly since: Time; readonly resourceVersion: string }
  | { readonly kind: 'lost'; readonly since: Time; readonly reason: string }

export type Ownership =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'owned' }
  | { readonly kind: 'not-owned'; readonly reason: string }

/** When the kernel was last known to hold what the objects say. */
interface Verified {
  /** By a commit that the kernel took, or by reading. */
  readonly at: Time
  /** All that is programmed was read and compared. */
  readonly comparedAt: Time | undefined
}

/** What the agent's occurrences add up to. Written by `follow` alone. */
export interface AgentState {
  readonly startedAt: Time
  /** Of each kind that is followed. */
  readonly watches: Map<Resource, WatchState>
  firstCommitAt: Time | undefined
  lastCommit: (Commit & { readonly at: Time }) | undefined
  verified: Verified | undefined
  /** Why the kernel may hold something else by now. */
  doubt: Lasting | undefined
  /** A configuration that is not in force yet; `failed`: it was tried. */
  waiting: Waiting | undefined
  failing: Lasting | undefined
  /** When the commit or the comparison under way began. */
  attemptSince: Steady | undefined
  ownership: Ownership
  /** The one that programs the node. */
  backend: string | undefined
  /** Addresses that kube-proxy, or another process, still has, by server. */
  readonly takenPorts: Map<Server, OccurrenceOf<'kube-proxy-port-taken'>>
  stopping: string | undefined
  leaving: string | undefined
  /** All is listed, but the API server or the files have no such Node. */
  missingNode: string | undefined
  kubeProxy: readonly string[]
  /** With a sentence for each thing. */
  readonly conditions: Map<Condition, readonly string[]>
  readonly refused: Map<string, { readonly reason: string; readonly since: Time }>
  /** By Service and address; of each Service some. */
  readonly denied: Map<string, OccurrenceOf<'address-contested' | 'address-refused'>>
  /** By Service, how many addresses more. */
  readonly moreDenied: Map<string, number>
  readonly invalid: Map<string, readonly string[]>
  sourceProblems: readonly string[]
  /** By port. */
  readonly closedHealthChecks: Map<number, OccurrenceOf<'health-check-waiting'>>
}

interface Waiting {
  readonly since: Time
  readonly source: string
  readonly reason: string
  readonly failed: boolean
}

export function newState(now: Time): AgentState {
  const starting: WatchState = { kind: 'starting', since: now }
  return {
    startedAt: now,
    watches: new Map(NODE_RESOURCES.map((resource) => [resource, starting])),
    firstCommitAt: undefined,
    lastCommit: undefined,
    verified: undefined,
    doubt: undefined,
    waiting: undefined,
    failing: undefined,
    attemptSince: undefined,
    ownership: { kind: 'unknown' },
    backend: undefined,
    takenPorts: new Map(),
    stopping: undefined,
    leaving: undefined,
    missingNode: undefined,
    kubeProxy: [],
    conditions: new Map(),
    refused: new Map(),
    denied: new Map(),
    moreDenied: new Map(),
    invalid: new Map(),
    sourceProblems: [],
    closedHealthChecks: new Map(),
  }
}
