import { lasting, type Moment, type Steady, type Time } from '../../telemetry/moment.ts'
import type { Occurrence } from '../events/occurrence.ts'
import type { AgentState } from './agent-state.ts'
import { followAddresses, followAllocation } from './state-addresses.ts'

/**
 * Updates the state with an occurrence; the cost does not depend on the number of Services.
 * `steady` is by the monotonic clock.
 */
export function follow(
  state: AgentState,
  occurrence: Occurrence,
  now: Time,
  steady: Steady = now,
): void {
  for (const part of PARTS) part(state, occurrence, { now, steady })
}

/**
 * The parts of `follow`. No two of them follow the same occurrence, so their order does not matter.
 */
const PARTS: readonly ((state: AgentState, occurrence: Occurrence, moment: Moment) => void)[] = [
  followSource,
  followObjects,
  followAddresses,
  followAllocation,
  followServices,
  followCommits,
  followDoubt,
  followProgramming,
  followConfiguration,
  followNode,
  followServers,
]

function followSource(state: AgentState, occurrence: Occurrence, { now }: Moment): void {
  switch (occurrence.event) {
    case 'watch-listing':
      state.watches.set(occurrence.resource, { kind: 'listing', since: now })
      return
    case 'watch-following': {
      const { resource, resourceVersion } = occurrence
      state.watches.set(resource, { kind: 'following', since: now, resourceVersion })
      return
    }
    case 'watch-lost': {
      const { resource, reason } = occurrence
      state.watches.set(resource, { kind: 'lost', since: now, reason })
      return
    }
    case 'source-problem':
      state.sourceProblems = occurrence.problems
      return
    case 'source-in-order':
      state.sourceProblems = []
      return
  }
}

/** Follows objects that cannot be used completely, and conditions of the node. */
function followObjects(state: AgentState, occurrence: Occurrence): void {
  switch (occurrence.event) {
    case 'object-invalid':
      state.invalid.set(occurrence.object, occurrence.problems)
      if (occurrence.service === undefined) state.concerned.delete(occurrence.object)
      else state.concerned.set(occurrence.object, occurrence.service)
      return
    case 'object-noted':
    case 'object-in-order':
      state.invalid.delete(occurrence.object)
      state.concerned.delete(occurrence.object)
      return
    case 'condition-found':
      state.conditions.set(occurrence.condition, occurrence.messages)
      return
    case 'condition-gone':
      state.conditions.delete(occurrence.condition)
      return
  }
}

/** Follows Services that are not served as they ask. */
function followServices(state: AgentState, occurrence: Occurrence, { now }: Moment): void {
  switch (occurrence.event) {
    case 'service-refused': {
      const { service, reason } = occurrence
      state.refused.set(service, { reason, since: state.refused.get(service)?.since ?? now })
      return
    }
    case 'service-accepted':
      state.refused.delete(occurrence.service)
      return
    case 'health-check-waiting':
      state.closedHealthChecks.set(occurrence.port, occurrence)
      return
    case 'health-check-open':
      state.closedHealthChecks.delete(occurrence.port)
      return
  }
}

function followCommits(state: AgentState, occurrence: Occurrence, moment: Moment): void {
  const { now } = moment
  switch (occurrence.event) {
    case 'kernel-committed': {
      const { operations, bytes, durationMs } = occurrence
      state.firstCommitAt ??= now
      state.lastCommit = { at: now, operations, bytes, durationMs }
      if (operations > 0) state.lastChangeAt = now
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
      if (occurrence.event === 'drift-repaired') {
        state.repairs.push({ at: now, operations: occurrence.operations })
        if (state.repairs.length > MOST_REPAIRS) state.repairs.shift()
      }
      state.attemptSince = undefined
      verify(state, true, occurrence.doubt, moment)
      return
  }
}

/** The most repairs that are kept. */
const MOST_REPAIRS = 100

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

/** Follows changes that nodelb did not plan, after which the kernel may hold something else. */
function followDoubt(state: AgentState, occurrence: Occurrence, moment: Moment): void {
  switch (occurrence.event) {
    case 'foreign-change': {
      const { process = 'another process', changes } = occurrence
      state.doubt ??= lasting(moment, `${process} ${changes}`)
      return
    }
    case 'backend-replaced':
      state.doubt ??= lasting(moment, 'nodelb removed what another backend had programmed')
      return
  }
}

/** Follows what programs the node, alone or beside kube-proxy. */
function followProgramming(state: AgentState, occurrence: Occurrence): void {
  switch (occurrence.event) {
    case 'table-owned':
      state.ownership = { kind: 'owned' }
      return
    case 'table-not-owned':
      state.ownership = { kind: 'not-owned', reason: occurrence.reason }
      return
    case 'backend-chosen':
      state.backend = occurrence.backend
      state.scope = occurrence.scope
      return
    case 'kube-proxy-present':
      state.kubeProxy = occurrence.tables
      return
    case 'kube-proxy-gone':
      state.kubeProxy = []
      return
  }
}

function followConfiguration(state: AgentState, occurrence: Occurrence, { now }: Moment): void {
  switch (occurrence.event) {
    case 'configuration-loaded':
      state.waiting = undefined
      state.refusedConfiguration = undefined
      return
    case 'configuration-refused': {
      const { source, reason } = occurrence
      const since = state.refusedConfiguration?.since ?? now
      state.refusedConfiguration = { since, source, reason }
      return
    }
    case 'configuration-waits':
    case 'configuration-failed': {
      const { source, reason } = occurrence
      state.refusedConfiguration = undefined
      const failed = occurrence.event === 'configuration-failed'
      const since = state.waiting?.failed === failed ? state.waiting.since : now
      state.waiting = { since, source, reason, failed }
      return
    }
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
  }
}

/** Follows the servers that answer in place of kube-proxy's. */
function followServers(state: AgentState, occurrence: Occurrence): void {
  switch (occurrence.event) {
    case 'kube-proxy-port-taken':
      state.takenPorts.set(occurrence.server, occurrence)
      return
    case 'server-listening':
    case 'server-closed':
      state.takenPorts.delete(occurrence.server)
      return
  }
}
