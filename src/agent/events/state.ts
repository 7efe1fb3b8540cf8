import {
  type Lasting,
  lasting,
  type Moment,
  type Steady,
  type Time,
} from '../../telemetry/moment.ts'
import { RESOURCES, type Resource } from '../../watch/source.ts'
import type { Commit, Condition, Occurrence, OccurrenceOf, Server } from './occurrence.ts'

export type WatchState =
  | { readonly kind: 'starting' | 'listing'; readonly since: Time }
  | { readonly kind: 'following'; readonly since: Time; readonly resourceVersion: string }
  | { readonly kind: 'lost'; readonly since: Time; readonly reason: string }

export type Ownership =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'owned' }
  | { readonly kind: 'not-owned'; readonly reason: string }

/** When the kernel was last known to hold what the objects say. */
export interface Verified {
  /** By a commit that the kernel took, or by reading. */
  readonly at: Time
  /** All that is programmed was read and compared. */
  readonly comparedAt: Time | undefined
}

/** What the agent's occurrences add up to. Written by `follow` alone. */
export interface AgentState {
  readonly startedAt: Time
  readonly watches: Record<Resource, WatchState>
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

export interface Waiting {
  readonly since: Time
  readonly source: string
  readonly reason: string
  readonly failed: boolean
}

export function newState(now: Time): AgentState {
  const watches = Object.fromEntries(
    RESOURCES.map((resource) => [resource, { kind: 'starting', since: now }]),
  ) as Record<Resource, WatchState>
  return {
    startedAt: now,
    watches,
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

/** Brings the state up to date; costs the same whatever the number of Services. */
export function follow(
  state: AgentState,
  occurrence: Occurrence,
  now: Time,
  steady: Steady = now,
): void {
  switch (occurrence.event) {
    case 'watch-listing':
      state.watches[occurrence.resource] = { kind: 'listing', since: now }
      return
    case 'watch-following': {
      const { resource, resourceVersion } = occurrence
      state.watches[resource] = { kind: 'following', since: now, resourceVersion }
      return
    }
    case 'watch-lost':
      state.watches[occurrence.resource] = { kind: 'lost', since: now, reason: occurrence.reason }
      return
    case 'source-problem':
      state.sourceProblems = occurrence.problems
      return
    case 'source-in-order':
      state.sourceProblems = []
      return
    case 'object-invalid':
      state.invalid.set(occurrence.object, occurrence.problems)
      return
    case 'object-noted':
    case 'object-in-order':
      state.invalid.delete(occurrence.object)
      return
    case 'address-contested':
    case 'address-refused':
      state.denied.set(`${occurrence.service} ${occurrence.address}`, occurrence)
      return
    case 'address-settled':
      state.denied.delete(`${occurrence.service} ${occurrence.address}`)
      return
    case 'more-addresses-denied':
      state.moreDenied.set(occurrence.service, occurrence.addresses)
      return
    case 'no-more-addresses-denied':
      state.moreDenied.delete(occurrence.service)
      return
    case 'health-check-waiting':
      state.closedHealthChecks.set(occurrence.port, occurrence)
      return
    case 'health-check-open':
      state.closedHealthChecks.delete(occurrence.port)
      return
    default:
      followKernel(state, occurrence, { now, steady })
  }
}

function followKernel(state: AgentState, occurrence: Occurrence, moment: Moment): void {
  const { now } = moment
  switch (occurrence.event) {
    case 'kernel-committed': {
      const { operations, bytes, durationMs } = occurrence
      state.firstCommitAt ??= now
      state.lastCommit = { at: now, operations, bytes, durationMs }
      state.failing = undefined
      state.attemptSince = undefined
      verify(state, occurrence.compared, occurrence.doubt, moment)
      return
    }
    case 'commit-failed':
      state.failing = { ...lasting(moment, ''), ...state.failing, reason: occurrence.reason }
      state.attemptSince = undefined
      return
    case 'kernel-compared':
    case 'drift-repaired':
      state.attemptSince = undefined
      verify(state, true, occurrence.doubt, moment)
      return
    case 'foreign-change': {
      const { process = 'another process', changes } = occurrence
      state.doubt ??= lasting(moment, `${process} ${changes}`)
      return
    }
    case 'backend-replaced':
      state.doubt ??= lasting(moment, 'nodelb removed what another backend had programmed')
      return
    case 'service-refused': {
      const { service, reason } = occurrence
      state.refused.set(service, { reason, since: state.refused.get(service)?.since ?? now })
      return
    }
    case 'service-accepted':
      state.refused.delete(occurrence.service)
      return
    case 'table-owned':
      state.ownership = { kind: 'owned' }
      return
    case 'table-not-owned':
      state.ownership = { kind: 'not-owned', reason: occurrence.reason }
      return
    default:
      followConfiguration(state, occurrence, now)
  }
}

function verify(
  state: AgentState,
  compared: boolean,
  doubt: string | undefined,
  moment: Moment,
): void {
  const { now } = moment
  if (doubt !== undefined) {
    state.doubt ??= lasting(moment, doubt)
    return
  }
  state.doubt = undefined
  state.verified = { at: now, comparedAt: compared ? now : state.verified?.comparedAt }
}

function followConfiguration(state: AgentState, occurrence: Occurrence, now: Time): void {
  switch (occurrence.event) {
    case 'configuration-loaded':
      state.waiting = undefined
      return
    case 'configuration-waits':
    case 'configuration-failed': {
      const { source, reason } = occurrence
      const failed = occurrence.event === 'configuration-failed'
      const since = state.waiting?.failed === failed ? state.waiting.since : now
      state.waiting = { since, source, reason, failed }
      return
    }
    default:
      followNode(state, occurrence)
  }
}

function followNode(state: AgentState, occurrence: Occurrence): void {
  switch (occurrence.event) {
    case 'agent-stopping':
      state.stopping = occurrence.reason
      return
    case 'node-leaving':
      state.leaving = occurrence.reason
      return
    case 'node-staying':
      state.leaving = undefined
      return
    case 'node-missing':
      state.missingNode = occurrence.node
      return
    case 'node-found':
      state.missingNode = undefined
      return
    case 'backend-chosen':
      state.backend = occurrence.backend
      return
    case 'kube-proxy-port-taken':
      state.takenPorts.set(occurrence.server, occurrence)
      return
    case 'server-listening':
    case 'server-closed':
      state.takenPorts.delete(occurrence.server)
      return
    case 'kube-proxy-present':
      state.kubeProxy = occurrence.tables
      return
    case 'kube-proxy-gone':
      state.kubeProxy = []
      return
    case 'condition-found':
      state.conditions.set(occurrence.condition, occurrence.messages)
      return
    case 'condition-gone':
      state.conditions.delete(occurrence.condition)
      return
  }
}
