import { setTimeout as pause } from 'node:timers/promises'
import {
  type AnnouncedServices,
  type StatusChange,
  statusChanges,
} from '../announce/service-status.ts'
import { STATUS_KINDS, type StatusKind } from '../decode/announcing/service-status.ts'
import { type RetryPolicy, Waits } from '../model/retry.ts'
import { unreachable } from '../model/unreachable.ts'
import { Wakeup } from '../watch/wakeup.ts'
import { type Failure, StatusApi, type StatusApiOptions } from './status-api.ts'

interface StatusOptions extends Omit<StatusApiOptions, 'kind'> {
  readonly protocol: 'layer2' | 'bgp'
  /** Gets why the statuses are not as they should be; undefined when they are again. */
  readonly tell: (reason: string | undefined) => void
}

const PARALLEL = 4
/** The least time from one round to the next, so that a takeover of many is a few rounds. */
const PAUSE_MS = 1_000
/** All nodes look again after a while, each at a time of its own. */
const LOOK: RetryPolicy = { first: 600_000, most: 600_000, factor: 1, jitter: 0.5 }
const AGAIN: RetryPolicy = { first: 1_000, most: 60_000, factor: 2, jitter: 0.5 }
/** What was written is looked at soon; if another writer undoes it each time, ever less often. */
const CHECK: RetryPolicy = { first: 1_000, most: 600_000, factor: 4, jitter: 0.5 }
/** So many rounds in a row that had to write, though nothing else was wanted, are not chance. */
const CONTESTED = 4

/** How a round went. */
type Round =
  /** The API server held what was wanted. */
  | { readonly kind: 'right' }
  /** What differed was written; whether it stays so is for the next round to see. */
  | { readonly kind: 'written' }
  | Failure

/** Keeps a status of one kind for each Service that this node announces. Nothing waits for them. */
export class ServiceStatuses {
  readonly #options: StatusOptions
  readonly #kind: StatusKind
  readonly #api: StatusApi
  readonly #wakeup = new Wakeup()
  readonly #again = new Waits(AGAIN)
  readonly #look = new Waits(LOOK)
  readonly #check = new Waits(CHECK)
  #wanted: AnnouncedServices = new Map()
  /** Rounds in a row that had to write, since something else was wanted. */
  #writes = 0
  #reason: string | undefined

  constructor(options: StatusOptions) {
    const kind = STATUS_KINDS[options.protocol]
    this.#options = options
    this.#kind = kind
    this.#api = new StatusApi({ ...options, kind })
  }

  /** Takes the Services that this node announces from now on. */
  want(services: AnnouncedServices): void {
    this.#wanted = services
    this.#writes = 0
    this.#check.reset()
    this.#wakeup.now()
  }

  /** Writes what differs after every change, until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#wakeup.wait(signal)
      if (signal.aborted) return
      const round = await this.#round(signal)
      if (signal.aborted) return
      await pause(this.#after(round), undefined, { signal }).catch(() => undefined)
    }
  }

  /** Returns how many milliseconds the next round has to wait, whatever comes. */
  #after(round: Round): number {
    switch (round.kind) {
      case 'right':
        this.#again.reset()
        this.#check.reset()
        this.#writes = 0
        this.#tell(undefined)
        this.#wakeup.after(this.#look.next())
        return PAUSE_MS
      case 'written':
        this.#again.reset()
        this.#writes++
        if (this.#writes >= CONTESTED) this.#tell(this.#undone())
        this.#wakeup.after(this.#check.next())
        return PAUSE_MS
      case 'failed':
        this.#tell(round.reason)
        this.#wakeup.now()
        return Math.max(PAUSE_MS, this.#again.next(), round.retryAfterMs)
      default:
        return unreachable(round)
    }
  }

  #tell(reason: string | undefined): void {
    if (reason !== this.#reason) this.#options.tell(reason)
    this.#reason = reason
  }

  #undone(): string {
    return `something else removes or changes the ${this.#kind.kind}es that this node writes`
  }

  async #round(signal: AbortSignal): Promise<Round> {
    const found = await this.#api.list(signal)
    if (found.kind === 'failed') return found
    const { node, pod } = this.#options
    const self = { node, pod: pod?.uid, isOneOfMany: this.#kind.isOfEachNode }
    const changes = statusChanges(this.#wanted, found.statuses, self)
    if (changes.length === 0) return { kind: 'right' }
    return (await this.#write(changes, signal)) ?? { kind: 'written' }
  }

  /** Returns the first failure. What is refused by itself does not keep the others from it. */
  async #write(
    changes: readonly StatusChange[],
    signal: AbortSignal,
  ): Promise<Failure | undefined> {
    const work = changes.values()
    const failures: Failure[] = []
    const worker = async (): Promise<void> => {
      for (const change of work) {
        const outcome = await this.#api.change(change, signal)
        if (outcome.kind === 'failed') failures.push(outcome)
        // With a time limit for each of many, a round would take longer than any wait after it.
        if (failures.some(({ isUnavailable }) => isUnavailable)) return
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, worker))
    return failures.find(({ isUnavailable }) => isUnavailable) ?? failures[0]
  }
}
