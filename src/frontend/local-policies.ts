import { familyOf, type IpFamily } from '../model/address.ts'
import type { NodeView } from '../model/node.ts'
import type { ServiceObject, SliceObject } from '../model/service.ts'
import { candidatesOf } from './candidates.ts'
import { type Candidate, chooseEndpoints } from './choose-endpoints.ts'

/** A port of a Service whose traffic this node drops in one family, for no endpoint of it is here. */
export interface Dropped {
  readonly policy: 'internal' | 'external'
  readonly family: IpFamily
}

/** How many ports of Services a policy Local drops here, by policy and family. */
export type DroppedPorts = Readonly<Record<Dropped['policy'], Readonly<Record<IpFamily, number>>>>

/** Where a policy Local leaves nothing of endpoints that there are; a port without any is no such. */
export function droppedByPolicy(
  service: ServiceObject,
  slices: readonly SliceObject[],
  node: NodeView,
): readonly Dropped[] {
  const { internalPolicy, externalPolicy, ports, clusterAddresses } = service
  const policies: Dropped['policy'][] = []
  if (internalPolicy === 'local') policies.push('internal')
  if (externalPolicy === 'local') policies.push('external')
  if (policies.length === 0) return []
  const families = [...new Set(clusterAddresses.map(familyOf))]
  return ports.flatMap((port) =>
    families
      .filter((family) => areElsewhere(candidatesOf(slices, port, family), node))
      .flatMap((family) => policies.map((policy) => ({ policy, family }))),
  )
}

/** The usual cases need no choice: one is ready here, or ready ones are and none of them is here. */
function areElsewhere(candidates: readonly Candidate[], node: NodeView): boolean {
  const here = candidates.filter(({ endpoint }) => endpoint.nodeName === node.name)
  if (here.some(({ endpoint }) => endpoint.ready)) return false
  if (here.length === 0 && candidates.some(({ endpoint }) => endpoint.ready)) return true
  const { any, local } = chooseEndpoints(candidates, node)
  return any && local.length === 0
}
