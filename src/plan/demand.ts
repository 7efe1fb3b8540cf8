import { type Address, familyOf, type IpFamily } from '../model/address.ts'
import type { Situation } from '../model/node.ts'
import type { Cluster } from '../model/service.ts'
import type { Demand } from './preflight.ts'

/** Returns what these objects need from the machine. */
export function demandOf({ node, settings }: Situation, { services }: Cluster): Demand {
  const { localTraffic } = settings
  const families = new Set<IpFamily>()
  const nodePorts = new Set<number>()
  const addresses = new Set<Address>()
  for (const service of services) {
    for (const address of service.clusterAddresses) families.add(familyOf(address))
    for (const { nodePort } of service.ports) if (nodePort !== undefined) nodePorts.add(nodePort)
    for (const address of [...service.loadBalancerAddresses, ...service.externalAddresses]) {
      addresses.add(address)
    }
  }
  return {
    settings,
    families: [...families],
    podRanges: localTraffic.kind === 'ranges' ? localTraffic.ranges : node.podCidrs,
    nodePorts: [...nodePorts].sort((a, b) => a - b),
    addresses: [...addresses],
  }
}
