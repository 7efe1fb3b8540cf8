import { setTimeout as pause } from 'node:timers/promises'
import {
  type AnnouncedServices,
  type FoundStatus,
  type StatusChange,
  statusChanges,
} from '../announce/service-status.ts'
import { readServiceStatus, STATUS_LABELS } from '../decode/announcing/service-status.ts'
import { valueAt } from '../decode/fields.ts'
import { type RetryPolicy, Waits } from '../model/retry.ts'
import { namespaceOf, type ServiceName } from '../model/service-name.ts'
import { unreachable } from '../model/unreachable.ts'
import type { Answer } from '../watch/api/answer.ts'
import type { ApiClient } from '../watch/api/client.ts'
import { withTimeLimit } from '../watch/time-limit.ts'
import { Wakeup } from '../watch/wakeup.ts'

interface StatusOptions {
  readonly client: Pick<ApiClient, 'fetch'>
  /** The namespace of nodelb, in which the statuses are. */
  readonly namespace: string
  /** The name of this Node. */
  readonly node: string
  /** The Pod that owns the statuses, so that they go with it; undefined if it is not known. */
  readonly pod: { readonly name: string; readonly uid: string } | undefined
  /** Gets why the statuses are not as they should be; undefined when they are again. */
  readonly tell: (reason: string | undefined) => void
}

const PARALLEL = 4
const LIMIT_MS = 10_000
/** The least time from one round to the next, so that a takeover of many is a few rounds. */
const PAUSE_MS = 1_000
/** All nodes look again after a while, each at a time of its own. */
const LOOK: RetryPolicy = { first: 600_000, most: 600_000, factor: 1, jitter: 0.5 }
const AGAIN: RetryPolicy = { first: 1_000, most: 60_000, factor: 2, jitter: 0.5 }
const PAGE = 500

type Call = Omit<Parameters<ApiClient['fetch']>[0], 'signal'>

/** How a round or a part of it went. */
type Outcome = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly reason: string }

const DONE: Outcome = { kind: 'done' }

/** Keeps a ServiceL2Status for each Service that this node announces. Nothing waits for them. */
export class ServiceStatuses {
  readonly #options: StatusOptions
  readonly #path: string
  readonly #wakeup = new Wakeup()
  #wanted: AnnouncedServices = new Map()
  #reason: string | undefined

  constructor(options: StatusOptions) {
    this.#options = options
    this.#path = `/apis/metallb.io/v1beta1/namespaces/${options.namespace}/servicel2statuses`
  }

  /** Takes the Services that this node announces from now on. */
  want(services: AnnouncedServices): void {
    this.#wanted = services
    this.#wakeup.now()
  }

  /** Writes what differs after every change, until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const [again, look] = [new Waits(AGAIN), new Waits(LOOK)]
    while (!signal.aborted) {
      await this.#wakeup.wait(signal)
      if (signal.aborted) return
      const outcome = await this.#round(signal)
      if (outcome.kind === 'failed') this.#wakeup.after(again.next())
      else {
        again.reset()
        this.#wakeup.after(look.next())
      }
      if (!signal.aborted) this.#tell(outcome)
      await pause(PAUSE_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  #tell(outcome: Outcome): void {
    const reason = outcome.kind === 'failed' ? outcome.reason : undefined
    if (reason !== this.#reason) this.#options.tell(reason)
    this.#reason = reason
  }

  async #round(signal: AbortSignal): Promise<Outcome> {
    const found = await this.#list(signal)
    if (found.kind === 'failed') return found
    const changes = statusChanges(this.#wanted, found.statuses, this.#options.node)
    const work = changes.values()
    const outcomes: Outcome[] = []
    const worker = async (): Promise<void> => {
      for (const change of work) outcomes.push(await this.#change(change, signal))
    }
    await Promise.all(Array.from({ length: PARALLEL }, worker))
    return outcomes.find(({ kind }) => kind === 'failed') ?? DONE
  }

  async #list(signal: AbortSignal): Promise<ReadList> {
    const statuses: FoundStatus[] = []
    let next = ''
    do {
      const more = next === '' ? '' : `&continue=${encodeURIComponent(next)}`
      const answer = await this.#ask({ path: `${this.#path}?limit=${PAGE}${more}` }, signal)
      const read = readList(answer)
      if (read.kind === 'failed') return read
      statuses.push(...read.statuses)
      next = read.next
    } while (next !== '')
    return { kind: 'list', statuses, next }
  }

  async #change(change: StatusChange, signal: AbortSignal): Promise<Outcome> {
    switch (change.kind) {
      case 'delete':
        return outcomeOf(
          await this.#ask({ method: 'DELETE', path: `${this.#path}/${change.name}` }, signal),
        )
      case 'write':
        return this.#write(change.name, change, signal)
      case 'create': {
        const body = this.#object(change.service)
        const answer = await this.#ask({ method: 'POST', path: this.#path, body }, signal)
        const outcome = outcomeOf(answer)
        if (outcome.kind === 'failed' || answer.kind === 'broken') return outcome
        const name = valueAt(parsed(answer.text), ['metadata', 'name'])
        return typeof name === 'string' ? this.#write(name, change, signal) : DONE
      }
      default:
        return unreachable(change)
    }
  }

  async #write(
    name: string,
    { service, interfaces }: { service: ServiceName; interfaces: readonly string[] },
    signal: AbortSignal,
  ): Promise<Outcome> {
    const serviceNamespace = namespaceOf(service)
    const serviceName = service.slice(serviceNamespace.length + 1)
    const listed = interfaces.length === 0 ? null : interfaces.map((each) => ({ name: each }))
    const { node } = this.#options
    const body = { status: { node, serviceName, serviceNamespace, interfaces: listed } }
    const contentType = 'application/merge-patch+json'
    const path = `${this.#path}/${name}/status`
    return outcomeOf(await this.#ask({ method: 'PATCH', path, body, contentType }, signal))
  }

  #object(service: ServiceName): object {
    const { node, pod } = this.#options
    const namespace = namespaceOf(service)
    const labels = {
      // A label has 63 characters at most, the name of a Node may have more.
      ...(node.length <= 63 && { [STATUS_LABELS.node]: node }),
      [STATUS_LABELS.service]: service.slice(namespace.length + 1),
      [STATUS_LABELS.namespace]: namespace,
    }
    const owner = pod && { apiVersion: 'v1', kind: 'Pod', ...pod }
    return {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'ServiceL2Status',
      metadata: { generateName: 'l2-', labels, ...(owner && { ownerReferences: [owner] }) },
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
function outcomeOf(answer: Answer): Outcome {
  if (answer.kind === 'broken') return { kind: 'failed', reason: answer.reason }
  const { status, text } = answer
  if (status < 300 || status === 404 || status === 409) return DONE
  return { kind: 'failed', reason: `the API server answers ${status}: ${text.slice(0, 200)}` }
}

type ReadList =
  | { readonly kind: 'list'; readonly statuses: readonly FoundStatus[]; readonly next: string }
  | { readonly kind: 'failed'; readonly reason: string }

function readList(answer: Answer): ReadList {
  const outcome = outcomeOf(answer)
  if (outcome.kind === 'failed' || answer.kind === 'broken') {
    return { kind: 'failed', reason: outcome.kind === 'failed' ? outcome.reason : '' }
  }
  const list = parsed(answer.text)
  const items = valueAt(list, ['items'])
  if (!Array.isArray(items)) return { kind: 'failed', reason: MISSING }
  const next = valueAt(list, ['metadata', 'continue'])
  const statuses = items.flatMap((each) => readServiceStatus(each) ?? [])
  return { kind: 'list', statuses, next: typeof next === 'string' ? next : '' }
}

const MISSING =
  'the cluster has no ServiceL2Statuses; apply deploy/crds to see there who announces what'

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
