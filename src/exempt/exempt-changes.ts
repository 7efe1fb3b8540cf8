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
 * read: what they are about stays as it was `before`. Each belongs to a Service, and is due again
 * when that is readmitted.
 */
export class ExemptChanges<Each extends Change> {
  readonly #telling: Telling<Each>
  readonly #exempt: Map<string, { readonly service: Owner; readonly change: Each }> = new Map()
  /** The same by Service, and there by what they are about. */
  readonly #byService: Map<Owner, Map<string, Each>> = new Map()
  /** Those that were readmitted since the last call of `adjusted`. */
  readonly #readmitted: Map<string, Each> = new Map()

  constructor(telling: Telling<Each>) {
    this.#telling = telling
  }

  get size(): number {
    return this.#exempt.size
  }

  /** Adds changes that are not made; one of the same thing that is there already stays. */
  exempt(service: Owner, changes: Iterable<Each>): void {
    const mine = this.#byService.get(service) ?? new Map<string, Each>()
    this.#byService.set(service, mine)
    for (const change of changes) {
      const id = this.#telling.idOf(change)
      if (this.#exempt.has(id)) continue
      this.#exempt.set(id, { service, change })
      mine.set(id, change)
    }
  }

  /** Makes the changes of a Service due again. */
  readmit(service: Owner): void {
    for (const [id, change] of this.#byService.get(service) ?? []) {
      this.#exempt.delete(id)
      this.#readmitted.set(id, change)
    }
    this.#byService.delete(service)
  }

  /** Returns the changes that are not made. */
  all(): readonly Each[] {
    return [...this.#exempt.values()].map(({ change }) => change)
  }

  /** Returns the Service for which the change of the same thing is not made; undefined if none. */
  serviceOf(change: Each): Owner | undefined {
    return this.#exempt.get(this.#telling.idOf(change))?.service
  }

  /**
   * Returns what changes compared with what the kernel has: the given changes, with those that were
   * readmitted since the last call. `now` says what is rendered.
   */
  adjusted(changes: readonly Each[], now: (change: Each) => Each['after']): readonly Each[] {
    if (this.#readmitted.size === 0) return changes
    const since = changes.map((change): Each => {
      const id = this.#telling.idOf(change)
      const readmitted = this.#readmitted.get(id)
      this.#readmitted.delete(id)
      return readmitted === undefined ? change : { ...change, before: readmitted.before }
    })
    const back = [...this.#readmitted.values()].map(
      (change): Each => ({ ...change, after: now(change) }),
    )
    this.#readmitted.clear()
    return [...since, ...back].filter((change) => !this.#telling.changesNothing(change))
  }
}
