import { type KubernetesEvent, kubernetesEvent } from '../../telemetry/kubernetes-event.ts'
import type { Occurrence, OccurrenceOf } from './occurrence.ts'

interface EventSource {
  readonly node: string
  /**
   * Returns the uid of a Service, without which `kubectl describe service` does not find the Event.
   */
  readonly uid: (service: string) => string | undefined
}

interface Message {
  readonly type?: 'Normal'
  readonly service: string
  readonly reason: string
  readonly action: string
  readonly note: string
  readonly ofCluster: boolean
}

/**
 * Returns the Event for an occurrence, on the Service concerned; undefined if it is not worth one.
 */
export function eventOf(
  occurrence: Occurrence,
  { node, uid }: EventSource,
  now: Date,
): KubernetesEvent | undefined {
  const message = messageOf(occurrence, node)
  if (message === undefined) return undefined
  const { service, reason, action, note, ofCluster } = message
  const slash = service.indexOf('/')
  const id = uid(service)
  return kubernetesEvent(
    {
      regarding: {
        apiVersion: 'v1',
        kind: 'Service',
        namespace: service.slice(0, slash),
        name: service.slice(slash + 1),
        ...(id !== undefined && { uid: id }),
      },
      type: message.type ?? 'Warning',
      reason,
      action,
      note,
    },
    { controller: 'nodelb', instance: node, ofCluster },
    now,
  )
}

function messageOf(occurrence: Occurrence, node: string): Message | undefined {
  switch (occurrence.event) {
    case 'address-contested': {
      const { service, address, winner } = occurrence
      const note = `${address} belongs to Service ${winner}, which goes before by kind of address, age or name`
      return { service, reason: 'AddressContested', action: 'Program', note, ofCluster: true }
    }
    case 'address-refused': {
      const { service, address, reason } = occurrence
      const note = `${address} ${reason}`
      return { service, reason: 'AddressRefused', action: 'Program', note, ofCluster: true }
    }
    case 'more-addresses-denied': {
      const { service, addresses } = occurrence
      const note = `${addresses} more addresses and ports of this Service are contested or refused`
      return { service, reason: 'AddressesDenied', action: 'Program', note, ofCluster: true }
    }
    case 'service-refused': {
      const { service, reason } = occurrence
      const note = `the kernel of node ${node} refused this Service: ${reason}`
      return { service, reason: 'KernelRefused', action: 'Program', note, ofCluster: false }
    }
    case 'health-check-waiting': {
      const { service, port, reason } = occurrence
      const note = `node ${node} cannot open healthCheckNodePort ${port}: ${reason}`
      // This is the reason that kube-proxy uses.
      const name = 'FailedToStartServiceHealthcheck'
      return { service, reason: name, action: 'Listen', note, ofCluster: false }
    }
    case 'object-invalid': {
      const { object, service, problems } = occurrence
      if (service === undefined) return undefined
      const reason = object.startsWith('Service ') ? 'InvalidService' : 'InvalidEndpoints'
      const note = problems.join('\n')
      return { service, reason, action: 'Read', note, ofCluster: true }
    }
    default:
      return portsOf(occurrence, node) ?? announcingOf(occurrence, node)
  }
}

/** Returns what an Event says of ports that something else listens on. */
function portsOf(occurrence: Occurrence, node: string): Message | undefined {
  const as = { action: 'Program', ofCluster: false } as const
  switch (occurrence.event) {
    case 'ports-held': {
      const { service, ports } = occurrence
      const note = `something on node ${node} listens on ${ports.join(', ')}, where this Service is served, and gets no connections there: end it (ss -lntup shows it), or give the Service another port or address`
      return { ...as, service, reason: 'PortInUse', note }
    }
    case 'ports-free': {
      const { service, exists } = occurrence
      if (!exists) return undefined
      const note = `nothing on node ${node} listens on ports of this Service any more, or it is served elsewhere`
      return { ...as, service, type: 'Normal', reason: 'PortInUseOver', note }
    }
    default:
      return undefined
  }
}

/** Returns what an Event says of announcing. */
function announcingOf(occurrence: Occurrence, node: string): Message | undefined {
  switch (occurrence.event) {
    case 'service-announced':
      return assigned(occurrence.service, node, 'layer2')
    case 'bgp-service-announced':
      return occurrence.began ? assigned(occurrence.service, node, 'bgp') : undefined
    case 'announce-conflict':
    case 'announce-disputed':
      return conflictOf(occurrence, node)
    case 'announce-undisputed': {
      const { address, interface: name, mac, services } = occurrence
      const [service] = services
      if (service === undefined) return undefined
      const note = `${mac} on ${name}, which is no node of the cluster, does not answer for ${address} any more; node ${node} announces it`
      const as = { reason: 'AddressConflictOver', action: 'Announce', ofCluster: false } as const
      return { service, note, type: 'Normal', ...as }
    }
    case 'announce-problem':
    case 'bgp-problem': {
      const service = /^Service\/(.+)$/.exec(occurrence.object)?.[1]
      if (service === undefined) return undefined
      const note = occurrence.problems.join('\n')
      // MetalLB's name for what keeps a Service from being announced.
      return { service, reason: 'announceFailed', action: 'Announce', note, ofCluster: true }
    }
    default:
      return undefined
  }
}

/** As MetalLB says it, so that what looks for these Events finds them. */
function assigned(service: string, node: string, protocol: 'layer2' | 'bgp'): Message {
  const note = `announcing from node "${node}" with protocol "${protocol}"`
  const as = { reason: 'nodeAssigned', action: 'Announce', ofCluster: false } as const
  return { service, note, type: 'Normal', ...as }
}

/** Of Services that share the address the first one gets the Event. */
function conflictOf(
  occurrence: OccurrenceOf<'announce-conflict' | 'announce-disputed'>,
  node: string,
): Message | undefined {
  const { address, interface: name, mac, services, event } = occurrence
  const [service] = services
  if (service === undefined) return undefined
  const stranger = `${mac} on ${name}, which is no node of the cluster,`
  const told =
    event === 'announce-conflict'
      ? `${stranger} has ${address}; node ${node} announces it when that one has given it up`
      : `${stranger} claims ${address}; node ${node} goes on announcing it`
  const note = `${told}: take the address from that one, or out of the pool`
  return { service, reason: 'AddressConflict', action: 'Announce', note, ofCluster: false }
}
