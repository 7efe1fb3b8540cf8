import { setTimeout as pause } from 'node:timers/promises'
import { type RetryPolicy, Waits } from '../model/retry.ts'
import { unreachable } from '../model/unreachable.ts'
import { Wakeup } from '../watch/wakeup.ts'
import type { Failure } from './status-api.ts'

interface RoundsOptions {
  /** Compares what the API server has with what is wanted, and writes what differs. Never rejects. */
  readonly round: (signal: AbortSignal) => Promise<Round>
  /** What something else removes or changes, if this has to write it again and again. */
  readonly what: string
  /** Gets why the API server has not what it should; undefined when it has again. */
  readonly tell: (reason: string | undefined) => void
}

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
export type Round =
  /** The API server held what was wanted. */
  | { readonly kind: 'right' }
  /** What differed was written; whether it stays so is for the next round to see. */
  | { readonly kind: 'written' }
  /** It held what was wanted, in an object that is about to go with the Pod before this one. */
  | { readonly kind: 'passing' }
  | Failure

/** Keeps something in the API server as it is wanted. Nothing waits for it. */
export class StatusRounds {
  readonly #options: RoundsOptions
  readonly #wakeup = new Wakeup()
  readonly #again = new Waits(AGAIN)
  readonly #look = new Waits(LOOK)
  readonly #check = new Waits(CHECK)
  /** Rounds in a row that had to write, since something else was wanted. */
  #writes = 0
  #reason: string | undefined

  constructor(options: RoundsOptions) {
    this.#options = options
  }

  /** Notes that something else is wanted from now on. */
  changed(): void {
    this.#writes = 0
    this.#check.reset()
    this.#wakeup.now()
  }

  /** Writes what differs after every change, until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#wakeup.wait(signal)
      if (signal.aborted) return
      const round = await this.#options.round(signal)
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
      case 'passing':
        this.#again.reset()
        this.#tell(undefined)
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
    return `something else removes or changes ${this.#options.what}`
  }
}
