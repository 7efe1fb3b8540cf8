import { present } from '../../model/present.ts'
import type { Tuple } from '../../model/tuple.ts'
import type { SharedWant } from './emit.ts'

type Wanted = readonly [SharedWant, ...SharedWant[]]

/**
 * Keys that one or several Services want. The label of a key is that of the first Service by name.
 */
export class SharedWants {
  readonly #wants: Map<Tuple, Wanted> = new Map()
  /** The labels before the first touch since `takeChanged`; undefined where there was none. */
  readonly #before: Map<Tuple, string | undefined> = new Map()

  put(want: SharedWant): void {
    this.#touch(want.key)
    const wants = this.#wants.get(want.key) ?? []
    const next = wants.findIndex(({ service }) => service > want.service)
    this.#set(want.key, wants.toSpliced(next < 0 ? wants.length : next, 0, want))
  }

  drop(want: SharedWant): void {
    this.#touch(want.key)
    const wants = present(this.#wants.get(want.key))
    this.#set(
      want.key,
      wants.filter((each) => each !== want),
    )
  }

  has(key: Tuple): boolean {
    return this.#wants.has(key)
  }

  /** Returns the label that the first Service gives the key; undefined if no Service wants it. */
  labelOf(key: Tuple): string | undefined {
    return this.#wants.get(key)?.[0]?.label
  }

  /** Yields each key with that label. */
  *labels(): Iterable<readonly [Tuple, string]> {
    for (const [key, [first]] of this.#wants) yield [key, first.label]
  }

  /** Returns the keys that came, went or got another label since the last call. */
  takeChanged(): readonly Tuple[] {
    const changed = [...this.#before].filter(([key, label]) => label !== this.labelOf(key))
    this.#before.clear()
    return changed.map(([key]) => key)
  }

  #set(key: Tuple, [first, ...others]: readonly SharedWant[]): void {
    if (first === undefined) this.#wants.delete(key)
    else this.#wants.set(key, [first, ...others])
  }

  #touch(key: Tuple): void {
    if (!this.#before.has(key)) this.#before.set(key, this.labelOf(key))
  }
}
