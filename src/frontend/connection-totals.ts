import type { Steps } from '../model/steps.ts'
import type { FrontendName } from './frontend-change.ts'

/** What one counter of the kernel says. It begins at zero whenever what it belongs to is made anew. */
export interface ConnectionCount extends FrontendName {
  /** The label of the Service port that has the frontend now. */
  readonly label: string
  readonly connections: number
}

/** What was found at one time. */
interface Reading {
  /** By family and frontend, what its counter said. */
  readonly counters: ReadonlyMap<string, number>
  /** By label, how many connections were begun since the first reading. */
  readonly totals: ReadonlyMap<string, number>
}

const NOTHING: Reading = { counters: new Map(), totals: new Map() }

/**
 * Adds up how many connections were begun to each port of a Service, by the label of its frontends,
 * although the counters of the kernel begin anew now and then. What is not there any more is
 * forgotten after two readings: a listing that a commit interrupts may leave something out.
 */
export class ConnectionTotals {
  /** Undefined before the first reading, which is where counting begins. */
  #last: Reading | undefined
  #former: Reading = NOTHING

  /** Returns the totals of what the last reading found, by label. */
  all(): ReadonlyMap<string, number> {
    return this.#last?.totals ?? NOTHING.totals
  }

  /** Takes what all counters say, in steps. */
  *take(counts: Iterable<ConnectionCount>): Steps<void> {
    const last = this.#last
    const counters = new Map<string, number>()
    const totals = new Map<string, number>()
    for (const { family, id, label, connections } of counts) {
      const key = `${family} ${id}`
      // A listing that a commit interrupts may also name something twice.
      if (counters.has(key)) continue
      counters.set(key, connections)
      const before = last === undefined ? connections : this.#counter(last, key)
      const begun = connections < before ? connections : connections - before
      totals.set(label, (totals.get(label) ?? this.#total(label)) + begun)
      yield
    }
    this.#former = last ?? NOTHING
    this.#last = { counters, totals }
  }

  #counter(last: Reading, key: string): number {
    return last.counters.get(key) ?? this.#former.counters.get(key) ?? 0
  }

  #total(label: string): number {
    return this.#last?.totals.get(label) ?? this.#former.totals.get(label) ?? 0
  }
}
