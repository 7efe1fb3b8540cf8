import { type RetryPolicy, Waits } from '../../model/retry.ts'
import { type KubernetesEvent, microTime } from './kubernetes-event.ts'
import type { EventOutcome } from './metrics.ts'

/** How the API server took a request; `broken` when it could not be asked, or did not answer. */
export type Sent =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'broken'; readonly reason: string }

/** Of the API client: `path` begins with `/apis`. Patches are JSON merge patches. */
export interface EventSink {
  post(path: string, body: object): Promise<Sent>
  patch(path: string, body: object): Promise<Sent>
}

interface EventQueueOptions {
  readonly sink: EventSink
  readonly onOutcome: (outcome: EventOutcome) => void
  /** Undefined: Events go through again. */
  readonly onTrouble: (reason: string | undefined) => void
  /** Milliseconds by a clock that nobody sets; durations are taken from it, never dates. */
  readonly now?: () => number
  readonly retry?: RetryPolicy
}

/** Events that may wait; what comes after is dropped and counted. */
const WAITING = 1_000
/** As many at once, then one a second. */
const BURST = 25
const REFILL_MS = 1_000
/** The same news is not sent again within this time; the API server keeps Events for an hour. */
const QUIET_MS = 10 * 60_000
const KNOWN = 2_000
/** With jitter, since an API server that comes back is asked by all nodes at once. */
const RETRY: RetryPolicy = { first: 1_000, most: 60_000, factor: 2, jitter: 0.5 }

interface Known {
  readonly count: number
  readonly sentAt: number
}

type Verdict = 'sent' | 'refused' | 'again'

/** Sends Events one after another, slowly enough for the API server. */
export class EventQueue {
  readonly #options: EventQueueOptions
  readonly #now: () => number
  readonly #waiting: Map<string, KubernetesEvent> = new Map()
  readonly #known: Map<string, Known> = new Map()
  #tokens = BURST
  #filledAt: number
  readonly #waits: Waits
  #busy = false
  #closed = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: EventQueueOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#filledAt = this.#now()
    this.#waits = new Waits(options.retry ?? RETRY)
  }

  add(event: KubernetesEvent): void {
    const last = this.#known.get(event.name)
    if (this.#closed || (last !== undefined && this.#now() - last.sentAt < QUIET_MS)) return
    if (this.#waiting.has(event.name)) return
    if (this.#waiting.size >= WAITING) {
      this.#options.onOutcome('dropped')
      return
    }
    this.#waiting.set(event.name, event)
    if (this.#timer === undefined) this.#start()
  }

  /** Forgets what waits. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#waiting.clear()
  }

  /** An error that nobody foresaw keeps the Events that wait; the next one tries again. */
  #start(): void {
    if (this.#busy) return
    this.#drain().catch((error: unknown) => this.#options.onTrouble(`unexpected: ${error}`))
  }

  async #drain(): Promise<void> {
    this.#busy = true
    try {
      const wait = await this.#sendWaiting()
      if (this.#waiting.size > 0) this.#drainLater(wait)
    } finally {
      this.#busy = false
    }
  }

  /** Returns after how long it is worth while to go on. */
  async #sendWaiting(): Promise<number> {
    for (const [name, event] of this.#waiting) {
      if (!this.#takeToken()) break
      const verdict = await this.#send(event)
      if (verdict === 'again') {
        this.#options.onOutcome('failed')
        return this.#waits.next()
      }
      this.#waits.reset()
      this.#waiting.delete(name)
      this.#options.onOutcome(verdict === 'sent' ? 'sent' : 'dropped')
    }
    return REFILL_MS
  }

  #drainLater(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#start()
    }, ms).unref()
  }

  #takeToken(): boolean {
    const gained = Math.floor((this.#now() - this.#filledAt) / REFILL_MS)
    this.#tokens = Math.min(BURST, this.#tokens + gained)
    this.#filledAt += gained * REFILL_MS
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** What was sent before is counted up; what the API server has forgotten is sent anew. */
  async #send(event: KubernetesEvent): Promise<Verdict> {
    const { name, ofCluster } = event
    const path = `/apis/events.k8s.io/v1/namespaces/${event.namespace}/events`
    const before = this.#known.get(name)
    if (before !== undefined) {
      const count = before.count + 1
      const patched = await this.#options.sink.patch(`${path}/${name}`, series(count))
      if (!isStatus(patched, 404)) return this.#judge(patched, name, count)
      this.#known.delete(name)
    }
    const posted = await this.#options.sink.post(path, event.body)
    if (!isStatus(posted, 409)) return this.#judge(posted, name, 1)
    // Another node said so, or this one before it was restarted.
    if (ofCluster) return this.#judge({ kind: 'answered', status: 200 }, name, 1)
    const patched = await this.#options.sink.patch(`${path}/${name}`, series(2))
    return this.#judge(patched, name, 2)
  }

  #judge(sent: Sent, name: string, count: number): Verdict {
    const verdict = verdictOf(sent)
    if (verdict !== 'again') this.#remember(name, count)
    if (verdict === 'sent') {
      this.#options.onTrouble(undefined)
    } else {
      const reason = sent.kind === 'broken' ? sent.reason : `the API server answers ${sent.status}`
      this.#options.onTrouble(reason)
    }
    return verdict
  }

  #remember(name: string, count: number): void {
    this.#known.delete(name)
    this.#known.set(name, { count, sentAt: this.#now() })
    const [oldest] = this.#known.keys()
    if (this.#known.size > KNOWN && oldest !== undefined) this.#known.delete(oldest)
  }
}

/** What the API server will never take is not sent twice. */
function verdictOf(sent: Sent): Verdict {
  if (sent.kind === 'broken' || sent.status === 429 || sent.status >= 500) return 'again'
  return sent.status < 300 ? 'sent' : 'refused'
}

function isStatus(sent: Sent, status: number): boolean {
  return sent.kind === 'answered' && sent.status === status
}

function series(count: number): object {
  return { series: { count, lastObservedTime: microTime(new Date()) } }
}
