import type { AnnounceProblem } from './eligibility.ts'

interface Listener {
  /** All that is to be settled about an object now, each sentence once. */
  readonly problem: (object: string, problems: readonly string[]) => void
  readonly inOrder: (object: string) => void
}

/** So many objects are named one by one, so that one mistake in thousands of them fills no log. */
const MOST = 200

/** Tells once what a person should settle about objects, and when it is settled. */
export class ObjectProblems {
  readonly #listener: Listener
  #told: ReadonlyMap<string, readonly string[]> = new Map()

  constructor(listener: Listener) {
    this.#listener = listener
  }

  /** Takes everything that is to be settled now. */
  found(problems: readonly AnnounceProblem[]): void {
    const all = new Map<string, readonly string[]>()
    for (const { object, message } of problems) {
      const before = all.get(object) ?? []
      if (all.size >= MOST && before.length === 0) continue
      if (!before.includes(message)) all.set(object, [...before, message])
    }
    for (const object of this.#told.keys()) {
      if (!all.has(object)) this.#listener.inOrder(object)
    }
    for (const [object, found] of all) {
      if (JSON.stringify(this.#told.get(object)) === JSON.stringify(found)) continue
      this.#listener.problem(object, found)
    }
    this.#told = all
  }

  /** Returns what was found last. */
  list(): readonly AnnounceProblem[] {
    return [...this.#told].flatMap(([object, found]) =>
      found.map((message) => ({ object, message })),
    )
  }
}
