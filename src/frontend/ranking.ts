import type { Tuple } from '../model/tuple.ts'
import { type Claimant, outranks } from './claims.ts'

/** The Services that ask for each key, in order of rank; each Service at most once at a key. */
export class Ranking {
  // Nearly every key has one claimant. A list for each key would take more memory than all else
  // here.
  readonly #alone: Map<Tuple, Claimant> = new Map()
  readonly #rivals: Map<Tuple, Claimant[]> = new Map()

  first(key: Tuple): Claimant | undefined {
    return this.#alone.get(key) ?? this.#rivals.get(key)?.[0]
  }

  all(key: Tuple): readonly Claimant[] {
    const alone = this.#alone.get(key)
    return alone === undefined ? (this.#rivals.get(key) ?? []) : [alone]
  }

  enter(key: Tuple, claimant: Claimant): void {
    const rivals = this.#rivals.get(key)
    const alone = this.#alone.get(key)
    if (rivals !== undefined) rivals.splice(placeOf(rivals, claimant), 0, claimant)
    else if (alone === undefined) this.#alone.set(key, claimant)
    else {
      this.#alone.delete(key)
      this.#rivals.set(key, outranks(alone, claimant) ? [alone, claimant] : [claimant, alone])
    }
  }

  /** Removes a claimant; it must be the same as when it was entered. */
  leave(key: Tuple, claimant: Claimant): void {
    const rivals = this.#rivals.get(key)
    if (rivals === undefined) {
      this.#alone.delete(key)
      return
    }
    rivals.splice(placeOf(rivals, claimant), 1)
    const [last] = rivals
    if (last === undefined || rivals.length > 1) return
    this.#rivals.delete(key)
    this.#alone.set(key, last)
  }
}

/** Returns how many claimants of a sorted list outrank this one. */
function placeOf(rivals: readonly Claimant[], claimant: Claimant): number {
  let [low, high] = [0, rivals.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const rival = rivals[middle]
    if (rival !== undefined && outranks(rival, claimant)) low = middle + 1
    else high = middle
  }
  return low
}
