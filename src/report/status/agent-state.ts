import type { Scope } from '../../model/node.ts'
import type { Lasting, Steady, Time } from '../../telemetry/moment.ts'
import { NODE_RESOURCES, type Resource } from '../../watch/resources.ts'
import type { Commit, Condition, OccurrenceOf, Server } from '../events/occurrence.ts'

export type WatchState =
  | { readonly kind: 'starting' | 'listing'; readonly since: Time }
  | { readonly kind: 'following'; readonly since: Time; readonly resourceVersion: string }
  | { readonly kind: 'lost'; readonly since: Time; readonly reason: string }

export type Ownership =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'owned' }
  | { readonly kind: 'not-owned'; readonly reason: string }

/** The times when the kernel was last known to hold what the objects say. */
interface Verified {
  /** The time of the last commit that the kernel took, or of the last comparison. */
  readonly at: Time
  /** The time when everything that is programmed was last read and compared. */
  readonly comparedAt: Time | undefined
}

/**
 * The state that the agent's occurrences add up to. Only `follow` changes it, except for
 * `attemptSince`.
 */
export interface AgentState {
  readonly startedAt: Time
  /** The state of the watch for each resource that is followed. */
  readonly watches: Map<Resource, WatchState>
  firstCommitAt: Time | undefined
  lastCommit: (Commit & { readonly at: Time }) | undefined
  /** The time of the last commit that was not of nothing. */
  lastChangeAt: Time | undefined
  verified: Verified | undefined
  /** The reason why the kernel may hold something else by now. */
  doubt: Lasting | undefined
  /** A configuration that is not in force yet; `failed` if it was tried. */
  waiting: Waiting | undefined
  /** The newest configuration, if it cannot be used at all; the one before it stays in force. */
  refusedConfiguration: Omit<Waiting, 'failed'> | undefined
  failing: Lasting | undefined
  /** The time when the commit or comparison under way began. */
  attemptSince: Steady | undefined
  ownership: Ownership
  /** The backend that programs the node. */
  backend: string | undefined
  scope: Scope | undefined
  /** The addresses that kube-proxy or another process still holds, by server. */
  readonly takenPorts: Map<Server, OccurrenceOf<'kube-proxy-port-taken'>>
  stopping: string | undefined
  leaving: string | undefined
  /** The name of our Node, if all objects are listed and it is not among them. */
  missingNode: string | undefined
  kubeProxy: readonly string[]
  /** The conditions of the node, each with a sentence for everything found. */
  readonly conditions: Map<Condition, readonly string[]>
  readonly refused: Map<string, { readonly reason: string; readonly since: Time }>
  /** Denied addresses by Service and address; only some for each Service. */
  readonly denied: Map<string, OccurrenceOf<'address-contested' | 'address-refused'>>
  /** The number of further denied addresses, by Service. */
  readonly moreDenied: Map<string, number>
  /** The ports of each Service that something else on the node listens on. */
  readonly heldPorts: Map<string, readonly string[]>
  readonly invalid: Map<string, readonly string[]>
  /** The Service that an invalid object is about, where it is not the object itself. */
  readonly concerned: Map<string, string>
  /** What others had changed and was repaired, the latest last; only some are kept. */
  readonly repairs: Repair[]
  /** What should be settled about addresses, by object. */
  readonly allocation: Map<string, readonly string[]>
  /** Why the addresses of Services cannot be saved. */
  unsaved: string | undefined
  sourceProblems: readonly string[]
  /** The healthCheckNodePorts that cannot be opened, by port. */
  readonly closedHealthChecks: Map<number, OccurrenceOf<'health-check-waiting'>>
}

interface Repair {
  readonly at: Time
  readonly operations: number
}

interface Waiting {
  readonly since: Time
  readonly source: string
  readonly reason: string
  readonly failed: boolean
}

/** Returns the state at the start, when nothing is known yet. */
export function newState(now: Time): AgentState {
  const starting: WatchState = { kind: 'starting', since: now }
  return {
    startedAt: now,
    watches: new Map(NODE_RESOURCES.map((resource) => [resource, starting])),
    firstCommitAt: undefined,
    lastCommit: undefined,
    lastChangeAt: undefined,
    verified: undefined,
    doubt: undefined,
    waiting: undefined,
    refusedConfiguration: undefined,
    failing: undefined,
    attemptSince: undefined,
    ownership: { kind: 'unknown' },
    backend: undefined,
    scope: undefined,
    takenPorts: new Map(),
    stopping: undefined,
    leaving: undefined,
    missingNode: undefined,
    kubeProxy: [],
    conditions: new Map(),
    refused: new Map(),
    denied: new Map(),
    moreDenied: new Map(),
    heldPorts: new Map(),
    invalid: new Map(),
    concerned: new Map(),
    repairs: [],
    allocation: new Map(),
    unsaved: undefined,
    sourceProblems: [],
    closedHealthChecks: new Map(),
  }
}
