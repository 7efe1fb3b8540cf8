import type { ApiClient } from './api/client.ts'
import { type Problem, said, report as startReport } from './problem.ts'
import { reflect } from './reflector.ts'
import { RESOURCES, type Resource, type Source, type SourceListener } from './source.ts'

const kinds: Readonly<Record<Resource, string>> = {
  services: 'Service',
  endpointslices: 'EndpointSlice',
  nodes: 'Node',
}

/** Follows the API server: every Service and EndpointSlice for us, and the node of that name. */
export function followApiServer(client: ApiClient, node: string): Source {
  return async (listener, signal) => {
    const garbage = noteGarbage(listener)
    const follow = (resource: Resource) =>
      reflect({
        client,
        resource,
        node,
        signal,
        sink: listener.event,
        onState(state) {
          if (state.kind === 'listing') garbage.forget(resource)
          listener.state(resource, state)
        },
        onGarbage: (found) => garbage.note(resource, found),
      })
    await Promise.all(RESOURCES.map(follow))
  }
}

/** Keeps of each resource what was last found that is no object, until it is listed again. */
function noteGarbage(listener: SourceListener) {
  const problems = new Map<Resource, readonly Problem[]>()
  const tell = () => listener.problems([...problems.values()].flat())
  return {
    note(resource: Resource, found: string) {
      const report = startReport('the API server', kinds[resource])
      report.error('', said(found), 'an object with a name')
      problems.set(resource, report.problems)
      tell()
    },
    forget(resource: Resource) {
      if (problems.delete(resource)) tell()
    },
  }
}
