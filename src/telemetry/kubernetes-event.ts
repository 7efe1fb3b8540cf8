import { createHash } from 'node:crypto'
import { microTime } from './moment.ts'

/**
 * An Event of events.k8s.io/v1, which kube-proxy writes, too. The API server checks it more
 * strictly than a core/v1 Event, and allows only `series` to change; `kubectl describe` shows both
 * alike.
 */
export interface KubernetesEvent {
  /** The namespace of the object, and of the Event. */
  readonly namespace: string
  /** The name. The same news has the same name, so that it is counted and not repeated. */
  readonly name: string
  /** True if every node reports the same, so that once is enough. */
  readonly ofCluster: boolean
  readonly body: object
}

/** The object that an Event is about. */
interface Regarding {
  readonly apiVersion: string
  readonly kind: string
  /** The namespace; undefined for what is in none, whose Events are in `default`. */
  readonly namespace?: string
  readonly name: string
  /** Without it `kubectl describe` does not find the Event. */
  readonly uid?: string
}

/** What an Event says. */
interface News {
  readonly regarding: Regarding
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly action: string
  readonly note: string
}

interface Reporter {
  readonly controller: string
  readonly instance: string
  /** Whether every instance reports the same. */
  readonly ofCluster: boolean
}

/** Returns the Event; texts that are longer than the API server takes are shortened. */
export function kubernetesEvent(
  news: News,
  { controller, instance, ofCluster }: Reporter,
  now: Date,
): KubernetesEvent {
  const { regarding, reason } = news
  const namespace = regarding.namespace ?? 'default'
  const note = shortened(news.note, 1024)
  const name = `${regarding.name}.${digest([regarding.uid ?? '', reason, note, ofCluster ? '' : instance])}`
  const body = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name, namespace },
    eventTime: microTime(now),
    reportingController: controller,
    reportingInstance: shortened(instance, 128),
    type: news.type,
    reason,
    action: news.action,
    note,
    regarding,
  }
  return { namespace, name, ofCluster, body }
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
