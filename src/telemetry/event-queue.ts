import type { KubernetesEvent } from './kubernetes-event.ts'
import { microTime } from './moment.ts'
import type { RetryWaits } from './retry.ts'

/** The API server's answer to a request; `broken` if it could not be asked, or did not answer. */
export type Sent =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'broken'; readonly reason: string }

/**
 * The part of the API client that sends Events: `path` begins with `/apis`. Patches are JSON merge
 * patches.
 */
export interface EventSink {
  post(path: string, body: object): Promise<Sent>
  patch(path: string, body: object): Promise<Sent>
}

/** What became of an Event. */
export type EventOutcome = 'sent' | 'failed' | 'dropped'

interface EventQueueOptions {
  readonly sink: EventSink
  readonly onOutcome: (outcome: EventOutcome) => void
  /** Called with the reason of a failure, and with undefined when Events are accepted. */
  readonly onTrouble: (reason: string | undefined) => void
  /** Returns milliseconds by a monotonic clock, for durations, never for dates. */
  readonly now?: () => number
  /** The waits after failures in a row. */
  readonly waits: RetryWaits
}

/** The most Events that may wait; further ones are dropped and counted. */
const WAITING = 1_000
/** The number of Events that are sent at once; after them, one per second. */
const BURST = 25
const REFILL_MS = 1_000
/**
 * The time within which the same Event is not sent again; the API server keeps Events for an hour.
 */
const QUIET_MS = 10 * 60_000
const KNOWN = 2_000

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
  readonly #waits: RetryWaits
  #busy = false
  #closed = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: EventQueueOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#filledAt = this.#now()
    this.#waits = options.waits
  }

  /**
   * Queues an Event, unless the same one waits or was sent in the last ten minutes. Drops it if the
   * queue is full.
   */
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

  /** Drops the Events that wait, and takes no more. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#waiting.clear()
  }

  /**
   * Sends the Events that wait. After an unexpected error they still wait, and the next Event
   * starts another attempt.
   */
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

  /** Sends waiting Events, and returns the wait before the next attempt, in milliseconds. */
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

  /**
   * Sends an Event. One that was sent before has its count raised; one that the API server has
   * forgotten is sent again.
   */
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
    // Another node sent the same Event, or this one did before it was restarted.
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

/** Judges an answer: an Event that the API server will never accept is not sent again. */
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
