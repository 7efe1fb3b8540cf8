import { lookAtMachine } from '../apply/machine/look.ts'
import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { SteadySocket } from '../dataplane/reopening-socket.ts'
import { type Address, familyOf, type IpFamily } from '../model/address.ts'
import type { Situation } from '../model/node.ts'
import type { Cluster } from '../model/service.ts'
import {
  type Demand,
  type Finding,
  MACHINE_CONDITIONS,
  preflight,
  printFinding,
} from '../plan/preflight.ts'
import type { Telemetry } from './events/telemetry.ts'

/**
 * Returns what on this machine keeps packets from going where the rules lead them. `missing` is
 * what its kernel lacks for the backend, if that was tried. Returns undefined if the kernel refuses
 * to tell, which is reported when nodelb commits.
 */
export async function checkMachine(
  demand: Demand,
  missing: readonly string[] = [],
): Promise<readonly Finding[] | undefined> {
  const socket = new SteadySocket()
  try {
    return preflight(await lookAtMachine(socket.open(), missing), demand)
  } catch (error) {
    if (error instanceof NetlinkError) return undefined
    throw error
  } finally {
    await socket.close()
  }
}

/** Reports each condition of the machine, or that it is over. */
export async function tellMachine(demand: Demand, tell: Telemetry['tell']): Promise<void> {
  const findings = await checkMachine(demand)
  if (findings === undefined) return
  for (const condition of MACHINE_CONDITIONS) {
    const messages = findings.filter((it) => it.condition === condition).map(printFinding)
    if (messages.length === 0) tell({ event: 'condition-gone', condition })
    else tell({ event: 'condition-found', condition, messages })
  }
}

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
