import type { AnnounceProblem } from '../../announce/eligibility.ts'
import type { TellBgp } from './news.ts'

/** So many objects are told of one by one, so that one mistake in thousands of them fills no log. */
const MOST = 200

/** Tells once what a person should settle, and when it is settled. */
export class BgpProblems {
  readonly #tell: TellBgp
  #told: ReadonlyMap<string, readonly string[]> = new Map()

  constructor(tell: TellBgp) {
    this.#tell = tell
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
      if (!all.has(object)) this.#tell({ event: 'bgp-in-order', object })
    }
    for (const [object, found] of all) {
      if (JSON.stringify(this.#told.get(object)) === JSON.stringify(found)) continue
      this.#tell({ event: 'bgp-problem', object, problems: found })
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
