import { lastFields, type Tuple, withoutLastFields } from '../../model/tuple.ts'
import { SETS } from '../../ruleset/nftables/sets.ts'
import type { ElementValue } from '../../ruleset/nftables/types.ts'
import type { ElementChange } from '../assembly.ts'

/** The sources that may connect to restricted VIPs; in the set they are in no order. */
export class AllowedSources {
  readonly #intervals: Map<Tuple, Set<string>> = new Map()

  /** Returns the intervals that may connect to a VIP, sorted. */
  of(vip: Tuple): readonly string[] {
    return [...(this.#intervals.get(vip) ?? [])].sort()
  }

  /** Takes all intervals from the elements, in place of what was there. */
  fill(elements: ReadonlyMap<string, ReadonlyMap<Tuple, ElementValue>>): void {
    this.#intervals.clear()
    for (const key of elements.get(SETS.allowedSources)?.keys() ?? []) this.#note(key, true)
  }

  /** Brings the intervals in step with changed elements. */
  follow(changes: readonly Pick<ElementChange, 'set' | 'key' | 'after'>[]): void {
    for (const { set, key, after } of changes) {
      if (set === SETS.allowedSources) this.#note(key, after !== undefined)
    }
  }

  #note(key: Tuple, isThere: boolean): void {
    const vip = withoutLastFields(key, 1)
    const interval = lastFields(key, 1)
    const intervals = this.#intervals.get(vip) ?? new Set()
    if (isThere) intervals.add(interval)
    else intervals.delete(interval)
    if (intervals.size > 0) this.#intervals.set(vip, intervals)
    else this.#intervals.delete(vip)
  }
}
