import { type Problem, said, report as startReport } from '../decode/problem.ts'
import type { ApiClient } from './api/client.ts'
import type { NodeInterest } from './node-interest.ts'
import { reflect } from './reflector.ts'
import type { Resource, Source, SourceListener } from './source.ts'

const kinds: Readonly<Record<Resource, string>> = {
  services: 'Service',
  endpointslices: 'EndpointSlice',
  nodes: 'Node',
}

/**
 * Follows the API server: every Service and EndpointSlice for us, and the node of that name, or all
 * Nodes as long as that is the interest.
 */
export function followApiServer(client: ApiClient, node: string, interest: NodeInterest): Source {
  return async (listener, signal) => {
    const garbage = noteGarbage(listener)
    const follow = (resource: Resource, until = signal) =>
      reflect({
        client,
        resource,
        node: interest.all ? undefined : node,
        signal: until,
        sink: listener.event,
        onState: (state) => listener.state(resource, state),
        onGarbage: (found) => garbage.note(resource, found),
      })
    const followNodes = async (): Promise<void> => {
      while (!signal.aborted) await follow('nodes', AbortSignal.any([signal, interest.changed]))
    }
    await Promise.all([follow('services'), follow('endpointslices'), followNodes()])
  }
}

/** Keeps of each resource what its latest list had that is no object. */
function noteGarbage(listener: SourceListener) {
  const problems = new Map<Resource, readonly Problem[]>()
  const tell = () => listener.problems([...problems.values()].flat())
  return {
    note(resource: Resource, found: string | undefined) {
      if (found === undefined) {
        if (problems.delete(resource)) tell()
        return
      }
      const report = startReport('the API server', kinds[resource])
      report.error('', said(found), 'an object with a name')
      problems.set(resource, report.problems)
      tell()
    },
  }
}
