import { createHash } from 'node:crypto'
import type { Occurrence } from './occurrence.ts'

/**
 * An Event of events.k8s.io/v1, which kube-proxy writes, too. The API server checks it more
 * strictly than a core/v1 Event, and allows only `series` to change; `kubectl describe` shows both
 * alike.
 */
export interface KubernetesEvent {
  /** The namespace of the Service. */
  readonly namespace: string
  /** The name. The same news has the same name, so that it is counted and not repeated. */
  readonly name: string
  /** True if every node reports the same, so that once is enough. */
  readonly ofCluster: boolean
  readonly body: object
}

interface EventSource {
  readonly node: string
  /**
   * Returns the uid of a Service, without which `kubectl describe service` does not find the Event.
   */
  readonly uid: (service: string) => string | undefined
}

interface Message {
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
  const { service, reason, action, ofCluster } = message
  const slash = service.indexOf('/')
  const namespace = service.slice(0, slash)
  const serviceName = service.slice(slash + 1)
  const note = shortened(message.note, 1024)
  const id = uid(service)
  const name = `${serviceName}.${digest([id ?? '', reason, note, ofCluster ? '' : node])}`
  const body = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name, namespace },
    eventTime: microTime(now),
    reportingController: 'nodelb',
    reportingInstance: shortened(node, 128),
    type: 'Warning',
    reason,
    action,
    note,
    regarding: {
      apiVersion: 'v1',
      kind: 'Service',
      namespace,
      name: serviceName,
      ...(id !== undefined && { uid: id }),
    },
  }
  return { namespace, name, ofCluster, body }
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
      const service = /^Service ([^/]+\/[^/]+)$/.exec(occurrence.object)?.[1]
      if (service === undefined) return undefined
      const note = occurrence.problems.join('\n')
      return { service, reason: 'InvalidService', action: 'Read', note, ofCluster: true }
    }
    default:
      return undefined
  }
}

/** Returns the time with six digits of a second, as the API requires for Events. */
export function microTime(time: Date): string {
  return time.toISOString().replace('Z', '000Z')
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16)
}

/**
 * Shortens a text to so many bytes, which is what the API server counts. A character that would be
 * cut in two is left out.
 */
function shortened(text: string, bytes: number): string {
  const encoded = Buffer.from(text)
  if (encoded.length <= bytes) return text
  const end = '...'
  return encoded.toString('utf8', 0, bytes - end.length).replace(/\uFFFD+$/, '') + end
}
