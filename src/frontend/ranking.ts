import type { Asker } from './asker.ts'

/** Returns whether `a` goes before `b` at the key. */
type Outranks<Key> = (a: Asker, b: Asker, key: Key) => boolean

/** The Services that ask for each key, in order of rank; each Service at most once at a key. */
export class Ranking<Key> {
  // Nearly every key has one asker. A list for each key would take more memory than all else
  // here, and a second map for those that have rivals would be asked for every key.
  readonly #outranks: Outranks<Key>
  readonly #askers: Map<Key, Asker | Asker[]> = new Map()
  /** How many keys have several askers. */
  #contested = 0

  constructor(outranks: Outranks<Key>) {
    this.#outranks = outranks
  }

  /** Returns whether any key has several askers; in nearly every cluster none has. */
  get isContested(): boolean {
    return this.#contested > 0
  }

  first(key: Key): Asker | undefined {
    const found = this.#askers.get(key)
    return Array.isArray(found) ? found[0] : found
  }

  all(key: Key): readonly Asker[] {
    const found = this.#askers.get(key)
    if (Array.isArray(found)) return found
    return found === undefined ? [] : [found]
  }

  /** Adds an asker; returns the one that was first before. */
  enter(key: Key, asker: Asker): Asker | undefined {
    const found = this.#askers.get(key)
    if (found === undefined) {
      this.#askers.set(key, asker)
      return undefined
    }
    if (!Array.isArray(found)) {
      this.#contested += 1
      this.#askers.set(key, this.#outranks(found, asker, key) ? [found, asker] : [asker, found])
      return found
    }
    const [first] = found
    found.splice(this.#placeOf(found, asker, key), 0, asker)
    return first
  }

  /** Removes an asker, which must be the same as when it was entered; returns the former first. */
  leave(key: Key, asker: Asker): Asker | undefined {
    const found = this.#askers.get(key)
    if (!Array.isArray(found)) {
      this.#askers.delete(key)
      return found
    }
    const [first] = found
    found.splice(this.#placeOf(found, asker, key), 1)
    const [last] = found
    if (last !== undefined && found.length === 1) {
      this.#contested -= 1
      this.#askers.set(key, last)
    }
    return first
  }

  /** Returns how many askers of a sorted list outrank this one. */
  #placeOf(rivals: readonly Asker[], asker: Asker, key: Key): number {
    let [low, high] = [0, rivals.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      const rival = rivals[middle]
      if (rival !== undefined && this.#outranks(rival, asker, key)) low = middle + 1
      else high = middle
    }
    return low
  }
}
