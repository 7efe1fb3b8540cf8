import { type ObjectProblem, objectProblem } from '../decode/object-problem.ts'
import type { Problem } from '../decode/problem.ts'

/** What is wrong with objects as they were read last. */
export class UnreadObjects {
  readonly #problems: Map<string, readonly ObjectProblem[]> = new Map()

  /** Takes all problems of an object, none if it is as it should be or gone; returns whether that is news. */
  note(object: string, problems: readonly Problem[]): boolean {
    const before = JSON.stringify(this.#problems.get(object) ?? [])
    this.#problems.delete(object)
    const found = problems.map(objectProblem)
    if (found.length > 0) this.#problems.set(object, found)
    return before !== JSON.stringify(found)
  }

  list(): readonly ObjectProblem[] {
    return [...this.#problems.values()].flat()
  }
}
