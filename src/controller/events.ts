import type { Decision } from '../allocate/decide.ts'
import type { ServiceName } from '../model/service-name.ts'
import { namespaceOf } from '../model/service-name.ts'
import { type KubernetesEvent, kubernetesEvent } from '../telemetry/kubernetes-event.ts'
import type { PoolIdentity } from '../watch/allocation-store.ts'
import type { StatusChange } from './controller.ts'
import type { PoolNews } from './pool-events.ts'

/** What all Events of one controller have in common. */
export interface Reporting {
  /** The name of the replica. */
  readonly instance: string
  /** Returns the uid of a Service, without which `kubectl describe` does not find the Event. */
  readonly uid: (service: ServiceName) => string | undefined
  /** Returns where the IPAddressPool of a name is, in this namespace or in any; undefined if there is none. */
  readonly pool: (name: string, namespace?: string) => PoolIdentity | undefined
}

/**
 * Returns the Event about a status that was written. The reasons are those of MetalLB's controller,
 * and of k3s ServiceLB's for addresses of Nodes, where the meaning is the same.
 */
export function changeEvent(
  { service, before, wanted }: StatusChange,
  source: Decision['source'],
  reporting: Reporting,
  now: Date,
): KubernetesEvent {
  const got = wanted.addresses.length > 0
  const came = before.join(' ') !== wanted.addresses.join(' ')
  const names = source === 'nodes' ? NODE_REASONS : POOL_REASONS
  const reason = got ? names.given : came ? names.taken : names.none
  const note = got
    ? `addresses ${wanted.addresses.join(', ')}: ${wanted.message}`
    : `no address: ${wanted.message}`
  return serviceEvent(service, { type: got ? 'Normal' : 'Warning', reason, note }, reporting, now)
}

const POOL_REASONS = { given: 'IPAllocated', taken: 'ClearAssignment', none: 'AllocationFailed' }
const NODE_REASONS = {
  given: 'UpdatedLoadBalancer',
  taken: 'UnAvailableLoadBalancer',
  none: 'UnAvailableLoadBalancer',
}

/** Returns the Event about a status that another program replaces again and again. */
export function contestedEvent(
  service: ServiceName,
  managers: readonly string[],
  reporting: Reporting,
  now: Date,
): KubernetesEvent {
  const others = managers.length === 0 ? 'another program' : managers.join(', ')
  const note = `${others} replaces the status that nodelb writes: end one of the two, or give the Service a loadBalancerClass; nodelb leaves it alone for an hour`
  return serviceEvent(service, { type: 'Warning', reason: 'StatusContested', note }, reporting, now)
}

/** Returns the Event about a pool that gets full or is not as it should be. */
export function poolEvent(
  { pool, reason, note }: PoolNews,
  { namespace, uid }: PoolIdentity,
  instance: string,
  now: Date,
): KubernetesEvent {
  const id = uid !== '' && { uid }
  const object = { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', namespace, name: pool }
  const said = { type: 'Warning', reason, note } as const
  return kubernetesEvent(
    { regarding: { ...object, ...id }, action: 'Allocate', ...said },
    { controller: CONTROLLER, instance, ofCluster: true },
    now,
  )
}

const CONTROLLER = 'nodelb-controller'

interface Said {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly note: string
}

function serviceEvent(
  service: ServiceName,
  said: Said,
  { instance, uid }: Reporting,
  now: Date,
): KubernetesEvent {
  const namespace = namespaceOf(service)
  const name = service.slice(namespace.length + 1)
  const id = uid(service)
  const regarding = {
    apiVersion: 'v1',
    kind: 'Service',
    namespace,
    name,
    ...(id !== undefined && { uid: id }),
  }
  const reporter = { controller: CONTROLLER, instance, ofCluster: true }
  return kubernetesEvent({ regarding, action: 'Allocate', ...said }, reporter, now)
}
