import type { Problem } from '../decode/problem.ts'
import type { ServiceName } from '../model/service-name.ts'
import { slicesWithoutService } from '../watch/decode-endpoint-slice.ts'
import { resources } from '../watch/resources.ts'
import type { StoreListener } from '../watch/store-listener.ts'

/**
 * Gets all problems of an object whenever they change; none if it is in order again. `service` is
 * the Service that they are about.
 */
type Tell = (object: string, problems: readonly Problem[], service?: ServiceName) => void

interface About {
  /** The kind and the name. */
  readonly object: string
  readonly service?: ServiceName | undefined
}

/**
 * Returns a listener that keeps the problems of each object, those of reading it and those of its
 * size, and passes changes to `tell`. Of the Nodes only ours counts: the agents of the others
 * report theirs.
 */
export function objectProblems(node: string, tell: Tell): StoreListener {
  const unreadable = new Map<string, readonly Problem[]>()
  const oversized = new Map<string, readonly Problem[]>()
  const told = new Map<string, string>()

  const note = (
    of: typeof unreadable,
    { object, service }: About,
    problems: readonly Problem[],
  ): void => {
    if (problems.length > 0) of.set(object, problems)
    else of.delete(object)
    const all = [...(unreadable.get(object) ?? []), ...(oversized.get(object) ?? [])]
    const text = all.length === 0 ? '' : JSON.stringify(all)
    if (text === (told.get(object) ?? '')) return
    if (text === '') told.delete(object)
    else told.set(object, text)
    tell(object, all, service)
  }
  return {
    read({ resource, key, service }, { problems }) {
      if (resource === 'nodes' && key !== node) return
      note(unreadable, { object: `${resources[resource].kind} ${key}`, service }, problems)
    },
    gone: ({ resource, key }) => {
      note(unreadable, { object: `${resources[resource].kind} ${key}` }, [])
    },
    judged: (service, problems) => {
      note(oversized, { object: `Service ${service}`, service }, problems)
    },
    listed(withoutService) {
      // Other controllers make thousands of such slices, so one problem gives their number.
      const problem = slicesWithoutService(withoutService, 'the list')
      note(unreadable, { object: 'EndpointSlices' }, problem === undefined ? [] : [problem])
    },
  }
}
