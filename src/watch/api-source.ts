import { setMaxListeners } from 'node:events'
import { type Problem, said, report as startReport } from '../decode/problem.ts'
import type { ApiClient } from './api/client.ts'
import type { NodeInterest } from './node-interest.ts'
import { reflect } from './reflector.ts'
import { type Resource, resources } from './resources.ts'
import type { Source, SourceListener } from './source.ts'

interface Following {
  readonly client: ApiClient
  readonly followed: readonly Resource[]
  /** The name of our Node. */
  readonly node: string
  readonly interest: NodeInterest
  /** By kind, the only namespace whose objects are followed; of other kinds all are. */
  readonly namespaces?: Readonly<Partial<Record<Resource, string>>>
}

/**
 * Returns a source that follows the API server: every object of the kinds in `followed`. Of the
 * Nodes it follows only our own, unless `interest` is in all of them. No failure ends it.
 */
export function followApiServer(following: Following): Source {
  const { client, followed, node, interest, namespaces = {} } = following
  return async (listener, signal) => {
    // Every kind that is followed waits for it, which Node.js would take for a leak.
    setMaxListeners(0, signal)
    const garbage = noteGarbage(listener)
    const follow = (resource: Resource, until = signal) =>
      reflect({
        client,
        resource,
        node: interest.all ? undefined : node,
        namespace: namespaces[resource],
        signal: until,
        sink: listener.event,
        onState: (state) => listener.state(resource, state),
        onGarbage: (found) => garbage.note(resource, found),
      })
    const followInterest = async (resource: Resource): Promise<void> => {
      while (!signal.aborted) await follow(resource, AbortSignal.any([signal, interest.changed]))
    }
    await Promise.all(
      followed.map((each) => (resources[each].ofNode ? followInterest(each) : follow(each))),
    )
  }
}

/**
 * Remembers, for each resource, what in its latest list is no object, and reports it as a problem.
 */
function noteGarbage(listener: SourceListener) {
  const problems = new Map<Resource, readonly Problem[]>()
  const tell = () => listener.problems([...problems.values()].flat())
  return {
    note(resource: Resource, found: string | undefined) {
      if (found === undefined) {
        if (problems.delete(resource)) tell()
        return
      }
      const report = startReport('the API server', resources[resource].kind)
      report.error('', said(found), 'an object with a name')
      problems.set(resource, report.problems)
      tell()
    },
  }
}
