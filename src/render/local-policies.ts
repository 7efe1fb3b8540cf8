import { familyOf, type IpFamily } from '../model/address.ts'
import type { NodeView } from '../model/node.ts'
import type { ServiceObject, SliceObject } from '../model/service.ts'
import { candidatesOf } from './candidates.ts'
import { chooseEndpoints } from './choose-endpoints.ts'

/** A port of a Service whose traffic this node drops in one family, for no endpoint of it is here. */
export interface Dropped {
  readonly policy: 'internal' | 'external'
  readonly family: IpFamily
}

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
      .filter((family) => {
        const { any, local } = chooseEndpoints(candidatesOf(slices, port, family), node)
        return any && local.length === 0
      })
      .flatMap((family) => policies.map((policy) => ({ policy, family }))),
  )
}
