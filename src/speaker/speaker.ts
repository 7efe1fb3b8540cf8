import { setImmediate as pollPhase } from 'node:timers/promises'
import type { Member } from '../announce/member.ts'
import { Wakeup } from '../watch/wakeup.ts'
import { Chores } from './chores.ts'
import { type TurnOptions, Turns } from './turns.ts'
import type { AnnounceView } from './view.ts'

interface SpeakerOptions extends TurnOptions {
  /** Returns whether the API server has not been heard of for a minute. */
  readonly isStale: () => boolean
}

/** What failed is tried again after so many milliseconds. */
const AGAIN_MS = 1_000

/**
 * Announces addresses on the LANs of this node. This is the only place with a clock; one turn comes
 * after another, so that nothing overtakes.
 */
export class Speaker {
  readonly #options: SpeakerOptions
  readonly #wakeup: Wakeup = new Wakeup()
  readonly #chores: Chores = new Chores()
  readonly #turns: Turns
  #isFailing = false
  /** When it ends at the latest, if it is to leave. */
  #leavesUntil: number | undefined
  /** Since when it answers for nothing, while it leaves. */
  #silentSince: number | undefined

  constructor(options: SpeakerOptions) {
    this.#options = options
    this.#turns = new Turns({
      ...options,
      chores: this.#chores,
      standing: () => this.#standing(),
      wake: (ms) => (ms > 0 ? this.#wakeup.after(ms) : this.#wakeup.now()),
    })
  }

  /** Notes that objects have changed. */
  objectsChanged(): void {
    this.#turns.objectsChanged()
  }

  /** Has the speaker look at everything, such as after the rules of the Services were programmed. */
  wake(): void {
    this.#wakeup.now()
  }

  /** Hands over all that others can take, and then ends; it takes four timeouts at most. */
  leave(): void {
    this.#leavesUntil = performance.now() + 4 * this.#options.settings.members.timeout
    this.#wakeup.now()
  }

  /** Returns what this node does at the moment; undefined before it has begun. */
  view(): AnnounceView | undefined {
    return this.#turns.view()
  }

  /** Announces until `signal` aborts; the kernel then goes on until its switch runs out. */
  async run(signal: AbortSignal): Promise<void> {
    const end = new AbortController()
    const until = AbortSignal.any([signal, end.signal])
    try {
      await Promise.all([this.#turns.listen(until), this.#loop(until).then(() => end.abort())])
    } finally {
      this.#chores.finish()
    }
  }

  async #loop(signal: AbortSignal): Promise<void> {
    this.#wakeup.now()
    while (!signal.aborted) {
      await this.#wakeup.wait(signal)
      // What has arrived is read before a turn that is due: it may show that silence was none.
      await pollPhase()
      if (signal.aborted) return
      const round = await this.#turns.next()
      if (round.kind === 'failed') this.#failed(round.reason)
      else if (this.#isFailing) this.#failed(undefined)
      if (this.#hasLeft()) return
    }
  }

  /** Takes why nothing can be announced, or undefined when it can be again. */
  #failed(reason: string | undefined): void {
    const { tell } = this.#options
    this.#isFailing = reason !== undefined
    if (reason === undefined) {
      tell({ event: 'announcing-resumed' })
      return
    }
    // What the kernel holds is not known any more, so it is read at the next beginning.
    this.#turns.restart()
    this.#wakeup.after(AGAIN_MS)
    tell({ event: 'announcing-failed', reason })
  }

  #standing(): Exclude<Member['state'], 'dead'> {
    if (this.#leavesUntil !== undefined) return 'leaving'
    return this.#options.isStale() ? 'stale' : 'live'
  }

  /**
   * Those that took over wait for the beat that says that this node is silent, and give way if its beats
   * cease before; so it goes on for one timeout, in which several come.
   */
  #hasLeft(): boolean {
    if (this.#leavesUntil === undefined) return false
    const now = performance.now()
    if (this.#turns.answers()) this.#silentSince = undefined
    else this.#silentSince ??= now
    const { timeout } = this.#options.settings.members
    const isTold = this.#silentSince !== undefined && now >= this.#silentSince + timeout
    return isTold || now >= this.#leavesUntil
  }
}
