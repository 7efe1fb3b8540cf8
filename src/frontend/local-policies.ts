import { familyOf, type IpFamily } from '../model/address.ts'
import type { NodeView } from '../model/node.ts'
import type { ServiceObject, SliceObject } from '../model/service.ts'
import { candidatesOf } from './candidates.ts'
import { type Candidate, chooseEndpoints } from './choose-endpoints.ts'

/** A port whose traffic this node drops in one family, because none of its endpoints is here. */
export interface Dropped {
  readonly policy: 'internal' | 'external'
  readonly family: IpFamily
}

/** The number of Service ports whose traffic policy Local drops here, by policy and family. */
export type DroppedPorts = Readonly<Record<Dropped['policy'], Readonly<Record<IpFamily, number>>>>

/**
 * Returns the ports, policies and families for which policy Local leaves no endpoint here although
 * there are endpoints elsewhere. A port without any endpoint is not among them.
 */
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

/**
 * Returns whether endpoints exist but none that policy Local could use here. The two usual cases
 * are decided without `chooseEndpoints`: one is ready here, or some are ready and none is here.
 */
function areElsewhere(candidates: readonly Candidate[], node: NodeView): boolean {
  const here = candidates.filter(({ endpoint }) => endpoint.nodeName === node.name)
  if (here.some(({ endpoint }) => endpoint.ready)) return false
  if (here.length === 0 && candidates.some(({ endpoint }) => endpoint.ready)) return true
  const { any, local } = chooseEndpoints(candidates, node)
  return any && local.length === 0
}
