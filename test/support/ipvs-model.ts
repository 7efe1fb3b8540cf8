import type { Address } from '../../src/model/address.ts'
import type { IpvsTimeouts } from '../../src/model/ipvs.ts'
import type { IpvsOperation, IpvsPlan } from '../../src/plan/ipvs/operation.ts'
import {
  type DestinationKey,
  destinationKey,
  type IpvsRules,
  type KernelIpvs,
  type RealServer,
  type ServerId,
  type ServerKey,
  type ServerProperties,
  serverIdOf,
  serverKey,
} from '../../src/ruleset/ipvs/types.ts'

interface ModelServer extends ServerId, ServerProperties {
  readonly destinations: Map<DestinationKey, RealServer>
}

/** ipvs and a dummy interface that are as strict as the kernel about what exists. */
export interface IpvsModel {
  state(): KernelIpvs
  /** `observe` sees the state after each operation. */
  apply(plan: IpvsPlan, observe?: (operation: IpvsOperation) => void): void
  /** What an administrator does with ipvsadm. */
  put(key: ServerKey, destinations: readonly RealServer[]): void
}

export function ipvsModel(): IpvsModel {
  const servers = new Map<ServerKey, ModelServer>()
  const addresses = new Set<Address>()
  let dummy: string | undefined
  let timeouts: IpvsTimeouts = { tcp: 900, tcpFin: 120, udp: 300 }

  const server = (id: ServerId): ModelServer => {
    const found = servers.get(serverKey(id))
    if (found === undefined) throw new Error(`ESRCH: no server ${serverKey(id)}`)
    return found
  }
  const need = (there: boolean, what: string): void => {
    if (!there) throw new Error(`not there: ${what}`)
  }
  const forbid = (there: boolean, what: string): void => {
    if (there) throw new Error(`EEXIST: ${what}`)
  }

  const applyOne = (operation: IpvsOperation): void => {
    switch (operation.kind) {
      case 'add-dummy':
        forbid(dummy !== undefined, operation.name)
        dummy = operation.name
        return
      case 'delete-dummy':
        need(dummy === operation.name, operation.name)
        dummy = undefined
        addresses.clear()
        return
      case 'add-address':
        need(dummy === operation.dummy, operation.dummy)
        forbid(addresses.has(operation.address), operation.address)
        addresses.add(operation.address)
        return
      case 'delete-address':
        need(dummy === operation.dummy, operation.dummy)
        need(addresses.delete(operation.address), operation.address)
        return
      case 'add-server': {
        const key = serverKey(operation.server)
        forbid(servers.has(key), key)
        servers.set(key, { ...operation.server, ...operation.properties, destinations: new Map() })
        return
      }
      case 'edit-server': {
        const { destinations, address, protocol, port } = server(operation.server)
        const id = { address, protocol, port }
        servers.set(serverKey(id), { ...id, ...operation.properties, destinations })
        return
      }
      case 'delete-server':
        server(operation.server)
        servers.delete(serverKey(operation.server))
        return
      case 'set-timeouts':
        timeouts = {
          tcp: operation.timeouts.tcp || timeouts.tcp,
          tcpFin: operation.timeouts.tcpFin || timeouts.tcpFin,
          udp: operation.timeouts.udp || timeouts.udp,
        }
        return
      default: {
        const { destinations } = server(operation.server)
        const key = destinationKey(operation.destination)
        if (operation.kind === 'add-destination') forbid(destinations.has(key), key)
        else need(destinations.has(key), key)
        if (operation.kind === 'delete-destination') destinations.delete(key)
        else destinations.set(key, operation.destination)
      }
    }
  }

  return {
    state: () => structuredClone({ servers, addresses, dummy: dummy !== undefined, timeouts }),
    apply(plan, observe) {
      for (const operation of plan) {
        applyOne(operation)
        observe?.(operation)
      }
    },
    put(key, destinations) {
      servers.set(key, {
        ...serverIdOf(key),
        scheduler: 'wlc',
        schedulerFlags: 0,
        persistence: undefined,
        destinations: new Map(destinations.map((each) => [destinationKey(each), each])),
      })
    },
  }
}

/** What two states are compared by. */
export function comparableIpvs({
  servers,
  addresses,
}: Pick<KernelIpvs | IpvsRules, 'servers' | 'addresses'>): unknown {
  return {
    servers: [...servers.keys()].sort().map((key) => {
      const { destinations, ...rest } = servers.get(key) ?? { destinations: new Map() }
      return { ...rest, destinations: [...destinations].sort(([a], [b]) => (a < b ? -1 : 1)) }
    }),
    addresses: [...addresses].sort(),
  }
}
