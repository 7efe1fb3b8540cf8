import { setTimeout as pause } from 'node:timers/promises'
import { unreachable } from '../model/unreachable.ts'
import { microTime } from '../telemetry/moment.ts'
import { withTimeLimit } from '../watch/time-limit.ts'
import { type Act, actOn, leaseTimes, look, mayWrite, type Sight } from './lease.ts'
import type { LeaseAnswer, LeaseApi, LeaseSpec } from './lease-api.ts'

interface ElectionOptions {
  readonly api: LeaseApi
  /** The name of this replica; no two replicas have the same. */
  readonly identity: string
  /** Called when this replica begins or ceases to lead, and with the reason of a failed attempt. */
  readonly told: (news: ElectionNews) => void
  /** Resolves after so many milliseconds, or earlier if the signal aborts. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>
}

export type ElectionNews =
  | { readonly kind: 'leading' }
  | { readonly kind: 'following'; readonly leader: string }
  | { readonly kind: 'failed'; readonly reason: string }

/** Takes part in the election of the one replica that writes. */
export class Election {
  readonly #options: ElectionOptions
  readonly #pause: NonNullable<ElectionOptions['pause']>
  #sight: Sight | undefined
  /** When the last renewal that succeeded was begun; undefined while another replica leads. */
  #renewedAt: number | undefined
  /** False if the Lease is known to be another replica's, or nothing was ever written. */
  #mayHold = false
  #told = ''

  constructor(options: ElectionOptions) {
    this.#options = options
    this.#pause =
      options.pause ?? ((ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined))
  }

  /** Returns whether this replica leads now, so that it may write. */
  leads(): boolean {
    return mayWrite(this.#renewedAt, performance.now())
  }

  /** Returns for how many milliseconds this replica leads without another renewal. */
  leadsFor(): number {
    const since = this.#renewedAt
    return since === undefined
      ? 0
      : Math.max(0, Math.floor(since + leaseTimes.deadline - performance.now()))
  }

  /** Takes part until `signal` aborts, and then gives the Lease back if this replica holds it. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await withTimeLimit(leaseTimes.deadline, signal, (limited) => this.#attempt(limited))
      this.#tell()
      await this.#pause(leaseTimes.period, signal)
    }
    await this.#giveBack()
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    const { api, identity } = this.#options
    const began = performance.now()
    const read = await api.read(signal)
    if (read.kind === 'failed') return this.#failed(read.reason)
    if (read.kind === 'lease') this.#sight = look(this.#sight, read.lease, performance.now())
    if (read.kind === 'absent') this.#sight = undefined
    const act = actOn(this.#sight, identity, performance.now())
    this.#mayHold = act !== 'wait'
    if (act === 'wait') {
      this.#renewedAt = undefined
      return
    }
    this.#judge(await this.#act(act, signal), began)
  }

  #act(act: Exclude<Act, 'wait'>, signal: AbortSignal): Promise<LeaseAnswer> {
    const { api } = this.#options
    const lease = this.#sight?.lease
    if (act === 'create' || lease === undefined) return api.create(this.#spec(0, true), signal)
    const { version, transitions } = lease
    switch (act) {
      case 'renew':
        return api.write(version, this.#spec(transitions, false), signal)
      case 'take':
        return api.write(version, this.#spec(transitions + 1, true), signal)
      default:
        return unreachable(act)
    }
  }

  #judge(answer: LeaseAnswer, began: number): void {
    switch (answer.kind) {
      case 'lease':
        this.#sight = look(this.#sight, answer.lease, performance.now())
        if (answer.lease.holder === this.#options.identity) this.#renewedAt = began
        return
      case 'conflict':
      case 'absent':
        // Another replica was faster; the next attempt sees what it wrote.
        return
      case 'failed':
        this.#failed(answer.reason)
        return
      default:
        unreachable(answer)
    }
  }

  #spec(transitions: number, acquires: boolean): LeaseSpec {
    const renewed = microTime(new Date())
    const acquired = acquires ? renewed : undefined
    const seconds = leaseTimes.duration / 1000
    return { holder: this.#options.identity, seconds, renewed, acquired, transitions }
  }

  #failed(reason: string): void {
    this.#say({ kind: 'failed', reason })
  }

  #tell(): void {
    if (this.leads()) this.#say({ kind: 'leading' })
    else if (this.#sight !== undefined) {
      this.#say({ kind: 'following', leader: this.#sight.lease.holder })
    }
  }

  /** Tells news once, until there is other news. */
  #say(news: ElectionNews): void {
    const text = JSON.stringify(news)
    if (text === this.#told) return
    this.#told = text
    this.#options.told(news)
  }

  /** Empties the Lease, so that another replica need not wait until it expires. */
  async #giveBack(): Promise<void> {
    this.#renewedAt = undefined
    if (!this.#mayHold) return
    const { signal } = new AbortController()
    await withTimeLimit(leaseTimes.period, signal, async (limited) => {
      // A renewal whose answer nobody waited for may arrive between reading and writing.
      while ((await this.#empty(limited)).kind === 'conflict');
    })
  }

  async #empty(signal: AbortSignal): Promise<LeaseAnswer> {
    const { api, identity } = this.#options
    const read = await api.read(signal)
    if (read.kind !== 'lease' || read.lease.holder !== identity) return read
    const { version, transitions } = read.lease
    const renewed = microTime(new Date())
    const spec = { holder: '', seconds: 1, renewed, acquired: undefined, transitions }
    return api.write(version, spec, signal)
  }
}
