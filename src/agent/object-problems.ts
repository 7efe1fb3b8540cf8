import type { Problem } from '../decode/problem.ts'
import { slicesWithoutService } from '../watch/decode-endpoint-slice.ts'
import { resources } from '../watch/resources.ts'
import type { StoreListener } from '../watch/store-listener.ts'

/** Gets all problems of an object whenever they change; none if it is in order again. */
type Tell = (object: string, problems: readonly Problem[]) => void

/**
 * Returns a listener that keeps the problems of each object, those of reading it and those of its
 * size, and passes changes to `tell`. Of the Nodes only ours counts: the agents of the others
 * report theirs.
 */
export function objectProblems(node: string, tell: Tell): StoreListener {
  const unreadable = new Map<string, readonly Problem[]>()
  const oversized = new Map<string, readonly Problem[]>()
  const told = new Map<string, string>()

  const note = (of: typeof unreadable, object: string, problems: readonly Problem[]): void => {
    if (problems.length > 0) of.set(object, problems)
    else of.delete(object)
    const all = [...(unreadable.get(object) ?? []), ...(oversized.get(object) ?? [])]
    const text = all.length === 0 ? '' : JSON.stringify(all)
    if (text === (told.get(object) ?? '')) return
    if (text === '') told.delete(object)
    else told.set(object, text)
    tell(object, all)
  }
  return {
    read({ resource, key }, { problems }) {
      if (resource === 'nodes' && key !== node) return
      note(unreadable, `${resources[resource].kind} ${key}`, problems)
    },
    gone: ({ resource, key }) => note(unreadable, `${resources[resource].kind} ${key}`, []),
    judged: (service, problems) => note(oversized, `Service ${service}`, problems),
    listed(withoutService) {
      // Other controllers make thousands of such slices, so one problem gives their number.
      const problem = slicesWithoutService(withoutService, 'the list')
      note(unreadable, 'EndpointSlices', problem === undefined ? [] : [problem])
    },
  }
}
