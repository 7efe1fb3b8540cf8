import { type TableFamily, tableOfAddress } from '../../model/family.ts'
import { lastFields, type Tuple, tuple } from '../../model/tuple.ts'
import { ENDPOINT_FIELDS, IPVS_SETS, serverOfDestination } from '../../ruleset/ipvs/elements.ts'

// Which flows go stale is worked out from maps of endpoints (plan/flows/stale.ts): here is what ipvs
// holds in their words. TCP is left out: ipvs ends connections to a destination that is gone itself.

import type { Address } from '../../model/address.ts'
import {
  destinationKey,
  type IpvsRules,
  type KernelIpvs,
  serverIdOf,
} from '../../ruleset/ipvs/types.ts'
import { endpointsMap } from '../../ruleset/nftables/sets.ts'
import type { ElementValue, Ruleset, Table } from '../../ruleset/nftables/types.ts'
import { elementOf } from '../ipvs/elements.ts'
import type { IpvsPlan } from '../ipvs/operation.ts'
import type { ElementStep } from '../nftables/delta.ts'

const ENDPOINTS = endpointsMap('vip', 'all')

/** Changes of destinations, as changes of endpoints that get new flows. */
export function endpointSteps(changes: readonly ElementStep[]): readonly ElementStep[] {
  return changes.flatMap(({ family, set, key, before, after }): ElementStep[] => {
    if (set !== IPVS_SETS.destinations) return []
    const server = serverOfDestination(key)
    if (serverIdOf(server).protocol === 'tcp') return []
    const endpoint = lastFields(key, ENDPOINT_FIELDS)
    const led = (value: ElementValue | undefined): ElementValue | undefined =>
      value === undefined || value.data === NONE ? undefined : { data: endpoint }
    const step = { family, set: ENDPOINTS, key: tuple(server, 0) }
    return [{ ...step, before: led(before), after: led(after) }]
  })
}

/** The weight of a destination that gets no new flows. */
const NONE = tuple(0)

/** The same of a plan against what ipvs held. */
export function endpointStepsOf(plan: IpvsPlan, current: KernelIpvs): readonly ElementStep[] {
  return plan.flatMap((operation): ElementStep[] => {
    if (!('server' in operation) || operation.server.protocol === 'tcp') return []
    const server = tuple(operation.server.address, operation.server.protocol, operation.server.port)
    const family = elementOf(operation)?.family ?? 'ip'
    const step = { family, set: ENDPOINTS, key: tuple(server, 0) }
    const data = (endpoint: Parameters<typeof destinationKey>[0]) => ({
      data: destinationKey(endpoint),
    })
    switch (operation.kind) {
      case 'delete-server':
        return [...(current.servers.get(server)?.destinations.values() ?? [])].map((each) => ({
          ...step,
          before: data(each),
          after: undefined,
        }))
      case 'add-destination':
      case 'edit-destination':
      case 'delete-destination': {
        const { destination } = operation
        const comes = operation.kind !== 'delete-destination' && destination.weight > 0
        const value = data(destination)
        return [{ ...step, before: comes ? undefined : value, after: comes ? value : undefined }]
      }
      default:
        return []
    }
  })
}

/** Where new flows are led, as tables. */
export function endpointTables({ servers }: Pick<IpvsRules, 'servers'>): Ruleset {
  const elements = { ip: new Map<Tuple, ElementValue>(), ip6: new Map<Tuple, ElementValue>() }
  for (const [key, { address, protocol, destinations }] of servers) {
    if (protocol === 'tcp') continue
    const open = [...destinations.values()].filter(({ weight }) => weight > 0)
    for (const [slot, destination] of open.entries()) {
      elements[familyAt(address)].set(tuple(key, slot), { data: destinationKey(destination) })
    }
  }
  const table = (family: TableFamily): Table => {
    const maps = new Map([[ENDPOINTS, elements[family]]])
    return { family, sets: new Map(), chains: new Map(), elements: maps }
  }
  return { ip: table('ip'), ip6: table('ip6') }
}

function familyAt(address: Address): TableFamily {
  return tableOfAddress(address)
}
