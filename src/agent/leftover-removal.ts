import type { Removal } from '../dataplane/removal.ts'
import { type RetryPolicy, Waits } from '../model/retry.ts'
import { Retry } from '../telemetry/retry.ts'

/** When what could not be removed is tried again. */
const RETRY: RetryPolicy = { first: 1_000, most: 300_000, factor: 2, jitter: 0.5 }
/** Milliseconds that a removal may keep objects waiting. */
const TIME_LIMIT = 60_000

/** When what other backends left is to be removed, and when that has to stop. */
export class LeftoverRemoval {
  readonly #removeOthers: (signal: AbortSignal) => Promise<Removal>
  readonly #retry: Retry
  /** There may be something. */
  #due = false
  /** There was something the last time. */
  #remains = false
  #stop: AbortController | undefined
  #stopped = false

  /** `wake` is called when it is time for `remove`. */
  constructor(removeOthers: (signal: AbortSignal) => Promise<Removal>, wake: () => void) {
    this.#removeOthers = removeOthers
    this.#retry = new Retry(new Waits(RETRY), () => {
      this.#due = true
      wake()
    })
  }

  /** A backend has programmed all: what another one left is not needed any more. */
  look(): void {
    this.#due = true
    this.#retry.reset()
  }

  /** All is being compared: what remained is looked at, too. */
  compare(): void {
    this.#due ||= this.#remains
  }

  /** Something else comes first: a removal under way stops, and is taken up again later. */
  overtake(): void {
    this.#stop?.abort()
  }

  /** Nothing more is removed. */
  stop(): void {
    this.#stopped = true
    this.#retry.stop()
    this.overtake()
  }

  /** Undefined: there was nothing to be done. */
  async remove(): Promise<Removal | undefined> {
    if (!this.#due || this.#stopped) return undefined
    this.#due = false
    const stop = new AbortController()
    this.#stop = stop
    const limit = AbortSignal.timeout(TIME_LIMIT)
    const outcome = await this.#removeOthers(AbortSignal.any([stop.signal, limit]))
    this.#stop = undefined
    if (outcome.kind === 'overtaken' && !stop.signal.aborted) {
      const reason = `it took longer than ${TIME_LIMIT / 1000} s`
      return this.#settled({ ...outcome, kind: 'remains', reason })
    }
    return this.#settled(outcome)
  }

  #settled(outcome: Removal): Removal {
    this.#remains = outcome.kind === 'remains'
    if (outcome.kind === 'removed') this.#retry.reset()
    if (outcome.kind === 'remains') this.#retry.later()
    if (outcome.kind === 'overtaken') this.#due = true
    return outcome
  }
}
