import type { Owner } from '../frontend/label-text.ts'

interface Change {
  readonly before: unknown
  readonly after: unknown
}

/** What tells changes of one kind of thing apart. */
interface Telling<Each extends Change> {
  /** Returns a text that identifies what changes. */
  readonly idOf: (change: Each) => string
  /** Returns whether before and after are the same. */
  readonly changesNothing: (change: Each) => boolean
}

/**
 * Changes that are not made, because the kernel refused them or because their Service cannot be
 * read: what they are about stays as it was `before`. Each belongs to a Service, with which it is
 * released.
 */
export class Exceptions<Each extends Change> {
  readonly #telling: Telling<Each>
  readonly #withheld: Map<string, { readonly service: Owner; readonly change: Each }> = new Map()
  readonly #idsOf: Map<Owner, string[]> = new Map()
  /** Those that were released since the last call of `adjusted`. */
  readonly #released: Map<string, Each> = new Map()

  constructor(telling: Telling<Each>) {
    this.#telling = telling
  }

  get size(): number {
    return this.#withheld.size
  }

  /** Withholds changes; what another change already holds back stays as that one has it. */
  withhold(service: Owner, changes: Iterable<Each>): void {
    const ids = this.#idsOf.get(service) ?? []
    this.#idsOf.set(service, ids)
    for (const change of changes) {
      const id = this.#telling.idOf(change)
      if (this.#withheld.has(id)) continue
      this.#withheld.set(id, { service, change })
      ids.push(id)
    }
  }

  /** Makes the changes of a Service due again. */
  release(service: Owner): void {
    for (const id of this.#idsOf.get(service) ?? []) {
      const withheld = this.#withheld.get(id)
      this.#withheld.delete(id)
      if (withheld !== undefined) this.#released.set(id, withheld.change)
    }
    this.#idsOf.delete(service)
  }

  /** Returns the changes that are not made. */
  all(): readonly Each[] {
    return [...this.#withheld.values()].map(({ change }) => change)
  }

  /** Returns the Service for which the change of the same thing is withheld; undefined if none. */
  serviceOf(change: Each): Owner | undefined {
    return this.#withheld.get(this.#telling.idOf(change))?.service
  }

  /**
   * Returns what changes compared with what the kernel has: the given changes, with those that were
   * released since the last call. `now` says what is rendered.
   */
  adjusted(changes: readonly Each[], now: (change: Each) => Each['after']): readonly Each[] {
    if (this.#released.size === 0) return changes
    const since = changes.map((change): Each => {
      const id = this.#telling.idOf(change)
      const released = this.#released.get(id)
      this.#released.delete(id)
      return released === undefined ? change : { ...change, before: released.before }
    })
    const back = [...this.#released.values()].map(
      (change): Each => ({ ...change, after: now(change) }),
    )
    this.#released.clear()
    return [...since, ...back].filter((change) => !this.#telling.changesNothing(change))
  }
}
