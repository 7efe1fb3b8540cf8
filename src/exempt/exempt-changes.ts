import type { Owner } from '../frontend/label-text.ts'

interface Change {
  readonly before: unknown
  readonly after: unknown
}

/** What distinguishes changes of one kind of thing. */
interface Telling<Each extends Change> {
  /** Returns a text that identifies what changes. */
  readonly idOf: (change: Each) => string
  /** Returns whether before and after are the same. */
  readonly changesNothing: (change: Each) => boolean
  /** Returns a text that identifies what has to stay as a whole if this change is not made. */
  readonly wholeOf: (change: Each) => string
  /** Returns the other wholes that have to stay because of what there is before the change. */
  readonly neededBy: (change: Each) => readonly string[]
}

/**
 * Changes that are not made, because the kernel refused them or because their Service cannot be
 * read: what they are about stays as it was `before`, and so does the whole that it is a part of.
 * Each belongs to a Service, and is due again when that is readmitted.
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
   * readmitted since the last call, and without those of what stays. `now` says what is rendered.
   */
  adjusted(changes: readonly Each[], now: (change: Each) => Each['after']): readonly Each[] {
    const due = this.#readmitted.size === 0 ? changes : this.#withReadmitted(changes, now)
    return this.#exempt.size === 0 ? due : this.#withoutStaying(due)
  }

  #withReadmitted(changes: readonly Each[], now: (change: Each) => Each['after']): readonly Each[] {
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

  /** Exempts the changes of wholes that stay; returns the others. */
  #withoutStaying(changes: readonly Each[]): readonly Each[] {
    const { wholeOf, neededBy } = this.#telling
    const staying = new Map<string, Owner>()
    const stay = (service: Owner, change: Each): void => {
      for (const whole of [wholeOf(change), ...neededBy(change)]) staying.set(whole, service)
    }
    for (const { service, change } of this.#exempt.values()) stay(service, change)
    for (let left = changes; ; ) {
      const made = left.filter((change) => {
        const service = staying.get(wholeOf(change))
        if (service === undefined) return true
        this.exempt(service, [change])
        stay(service, change)
        return false
      })
      if (made.length === left.length) return made
      left = made
    }
  }
}
