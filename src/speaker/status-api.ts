import type { FoundStatus, StatusChange } from '../announce/service-status.ts'
import { readStatus, STATUS_LABELS, type StatusKind } from '../decode/announcing/service-status.ts'
import { valueAt } from '../decode/fields.ts'
import { namespaceOf, type ServiceName } from '../model/service-name.ts'
import { unreachable } from '../model/unreachable.ts'
import { type Answer, refusal } from '../watch/api/answer.ts'
import type { ApiClient } from '../watch/api/client.ts'
import { withTimeLimit } from '../watch/time-limit.ts'

/** Where an agent writes, and in whose name. */
export interface Writer {
  readonly client: Pick<ApiClient, 'fetch'>
  /** The namespace of nodelb, in which the statuses are. */
  readonly namespace: string
  /** The name of this Node. */
  readonly node: string
  /** The Pod that owns the statuses, so that they go with it; undefined if it is not known. */
  readonly pod: { readonly name: string; readonly uid: string } | undefined
}

interface StatusApiOptions extends Writer {
  readonly kind: StatusKind
}

export interface Failure {
  readonly kind: 'failed'
  readonly reason: string
  /** Whether the API server would not take anything else now, either. */
  readonly isUnavailable: boolean
  /** How long the API server asks not to be called, in milliseconds. */
  readonly retryAfterMs: number
}

type Outcome = { readonly kind: 'done' } | Failure

interface Listed {
  readonly kind: 'list'
  readonly statuses: readonly FoundStatus[]
}

type Call = Omit<Parameters<ApiClient['fetch']>[0], 'signal'>

interface Told {
  readonly service: ServiceName
  readonly places: readonly string[]
}

/** How long a request may take, in milliseconds. */
export const LIMIT_MS = 10_000
const PAGE = 500
const DONE: Outcome = { kind: 'done' }
/** A label has so many characters at most; the name of a Node may have more. */
export const LONGEST_LABEL = 63

/** The statuses of one kind in the API server. Each request has a time limit; no method rejects. */
export class StatusApi {
  readonly #options: StatusApiOptions
  readonly #path: string

  constructor(options: StatusApiOptions) {
    this.#options = options
    const { namespace, kind } = options
    this.#path = `/apis/metallb.io/v1beta1/namespaces/${namespace}/${kind.plural}`
  }

  /**
   * Lists those of this node. Where a Service has one of one node alone, it lists all: what other nodes left
   * for our Services has to be seen, too.
   */
  async list(signal: AbortSignal): Promise<Listed | Failure> {
    const statuses: FoundStatus[] = []
    const { kind } = this.#options
    let next = ''
    do {
      const more = next === '' ? '' : `&continue=${encodeURIComponent(next)}`
      const answer = await this.#ask(
        { path: `${this.#path}?limit=${PAGE}${this.#ofNode()}${more}` },
        signal,
      )
      const page = readPage(answer, kind)
      if (page.kind === 'failed') return page
      statuses.push(...page.statuses)
      next = page.next
    } while (next !== '')
    return { kind: 'list', statuses }
  }

  async change(change: StatusChange, signal: AbortSignal): Promise<Outcome> {
    switch (change.kind) {
      case 'delete': {
        const path = `${this.#path}/${change.name}`
        return changedOrGone(await this.#ask({ method: 'DELETE', path }, signal))
      }
      case 'write':
        return this.#write(change.name, change, signal)
      case 'create': {
        const body = this.#object(change.service)
        const answer = await this.#ask({ method: 'POST', path: this.#path, body }, signal)
        const failure = failureOf(answer)
        if (failure !== undefined) return failure
        // Should the name be missing, the next look finds an object whose status is not whole.
        const name = valueAt(bodyOf(answer), ['metadata', 'name'])
        return typeof name === 'string' ? this.#write(name, change, signal) : DONE
      }
      default:
        return unreachable(change)
    }
  }

  /** A Node whose name is no label has to look through those of all. */
  #ofNode(): string {
    const { node, kind } = this.#options
    if (!kind.isOfEachNode || node.length > LONGEST_LABEL) return ''
    return `&labelSelector=${encodeURIComponent(`${STATUS_LABELS.node}=${node}`)}`
  }

  async #write(name: string, { service, places }: Told, signal: AbortSignal): Promise<Outcome> {
    const serviceNamespace = namespaceOf(service)
    const serviceName = service.slice(serviceNamespace.length + 1)
    const { node, kind } = this.#options
    const listed = places.length === 0 ? null : places.map(kind.entry)
    const body = { status: { node, serviceName, serviceNamespace, [kind.field]: listed } }
    const contentType = 'application/merge-patch+json'
    const path = `${this.#path}/${name}/status`
    return changedOrGone(await this.#ask({ method: 'PATCH', path, body, contentType }, signal))
  }

  #object(service: ServiceName): object {
    const { node, pod, kind } = this.#options
    const namespace = namespaceOf(service)
    const labels = {
      ...(node.length <= LONGEST_LABEL && { [STATUS_LABELS.node]: node }),
      [STATUS_LABELS.service]: service.slice(namespace.length + 1),
      [STATUS_LABELS.namespace]: namespace,
    }
    const owner = pod && { apiVersion: 'v1', kind: 'Pod', ...pod }
    return {
      apiVersion: 'metallb.io/v1beta1',
      kind: kind.kind,
      metadata: {
        generateName: kind.generateName,
        labels,
        ...(owner && { ownerReferences: [owner] }),
      },
      spec: {},
    }
  }

  #ask(call: Call, signal: AbortSignal): Promise<Answer> {
    return withTimeLimit(LIMIT_MS, signal, (limited) =>
      this.#options.client.fetch({ ...call, signal: limited }),
    )
  }
}

/** What is gone already, or was changed by another node, is looked at again in the next round. */
function changedOrGone(answer: Answer): Outcome {
  const isOvertaken = answer.kind === 'answered' && (answer.status === 404 || answer.status === 409)
  return isOvertaken ? DONE : (failureOf(answer) ?? DONE)
}

/** With these the API server, or what is in front of it, says that it has too much to do. */
const UNAVAILABLE: readonly number[] = [429, 502, 503, 504]

function failureOf(answer: Answer): Failure | undefined {
  return answer.kind === 'answered' && answer.status < 300 ? undefined : failed(answer)
}

/** Returns what an answer that was not hoped for means for the next request. */
export function failed(answer: Answer): Failure {
  const reason = refusal(answer)
  if (answer.kind === 'broken') {
    return { kind: 'failed', reason, isUnavailable: true, retryAfterMs: 0 }
  }
  const { status, retryAfterMs = 0 } = answer
  return { kind: 'failed', reason, isUnavailable: UNAVAILABLE.includes(status), retryAfterMs }
}

function readPage(
  answer: Answer,
  kind: StatusKind,
): (Listed & { readonly next: string }) | Failure {
  const failure = failureOf(answer)
  if (failure !== undefined) {
    const isMissing = answer.kind === 'answered' && answer.status === 404
    return isMissing ? { ...failure, reason: missing(kind) } : failure
  }
  const list = bodyOf(answer)
  const items = valueAt(list, ['items'])
  if (!Array.isArray(items)) {
    const reason = 'the API server answers with something that is no list'
    return { kind: 'failed', reason, isUnavailable: true, retryAfterMs: 0 }
  }
  const next = valueAt(list, ['metadata', 'continue'])
  const statuses = items.flatMap((each) => readStatus(each, kind) ?? [])
  return { kind: 'list', statuses, next: typeof next === 'string' ? next : '' }
}

function missing({ kind }: StatusKind): string {
  return `the cluster has no ${kind}es; apply deploy/crds to see there who announces what`
}

function bodyOf(answer: Answer): unknown {
  try {
    return answer.kind === 'answered' ? JSON.parse(answer.text) : undefined
  } catch {
    return undefined
  }
}
