import { SEPARATOR, type Tuple, tuple } from '../../model/tuple.ts'
import type { ElementValue } from '../../ruleset/nftables/types.ts'
import type { Slots } from './slots.ts'

type Element = [Tuple, ElementValue]

/**
 * The elements of an endpoints map, `frontend . slot`. They are made of the slots of the frontends
 * each time that they are read: kept, they would take more memory than the slots.
 */
export class SlotElements implements ReadonlyMap<Tuple, ElementValue> {
  readonly #slots: ReadonlyMap<Tuple, Slots>

  constructor(slots: ReadonlyMap<Tuple, Slots>) {
    this.#slots = slots
  }

  get size(): number {
    let size = 0
    for (const slots of this.#slots.values()) size += slots.length
    return size
  }

  get(key: Tuple): ElementValue | undefined {
    const end = key.lastIndexOf(SEPARATOR)
    const slots = this.#slots.get(key.slice(0, end) as Tuple)
    return slots?.[Number(key.slice(end + SEPARATOR.length))]
  }

  has(key: Tuple): boolean {
    return this.get(key) !== undefined
  }

  forEach(visit: (value: ElementValue, key: Tuple, map: this) => void): void {
    for (const [key, value] of this) visit(value, key, this)
  }

  *keys(): Generator<Tuple, undefined> {
    for (const [key] of this) yield key
  }

  *values(): Generator<ElementValue, undefined> {
    for (const slots of this.#slots.values()) yield* slots
  }

  entries(): Generator<Element, undefined> {
    return this[Symbol.iterator]()
  }

  *[Symbol.iterator](): Generator<Element, undefined> {
    for (const [id, slots] of this.#slots) {
      for (let slot = 0; slot < slots.length; slot++) {
        yield [tuple(id, slot), slots[slot] as ElementValue]
      }
    }
  }
}
