import type { TellAddresses } from './address-news.ts'

/** Gets all problems of all objects, by `Kind/name`. */
export type ProblemTeller = (found: ReadonlyMap<string, readonly string[]>) => void

/** Returns a function that reports the problems of each object once, until they change or are gone. */
export function problemTeller(tell: TellAddresses): ProblemTeller {
  const told = new Map<string, string>()
  return (found) => {
    for (const [object, problems] of found) {
      const text = problems.join('\n')
      if (told.get(object) === text) continue
      told.set(object, text)
      tell({ event: 'allocation-problem', object, problems })
    }
    for (const object of told.keys()) {
      if (found.has(object)) continue
      told.delete(object)
      tell({ event: 'allocation-in-order', object })
    }
  }
}
