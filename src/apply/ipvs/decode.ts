import { type Address, addressFromBytes, type Port, type Protocol } from '../../model/address.ts'
import type { IpvsTimeouts } from '../../model/ipvs.ts'
import type { RealServer, ServerId, ServerProperties } from '../../ruleset/ipvs/types.ts'
import { genericAttributes } from '../generic/message.ts'
import { type Attributes, readAttributes, readText } from '../netlink/attributes.ts'
import { readU16, readU32, readU64 } from '../netlink/host-order.ts'
import type { Reply } from '../netlink/message.ts'
import {
  ADDRESS_FAMILY,
  ATTRIBUTE,
  DESTINATION,
  METHOD_MASK,
  METHODS,
  PROTOCOL_NUMBERS,
  SERVICE,
  SERVICE_FLAG,
  STATISTICS,
} from './constants.ts'

/** Returns undefined for what nodelb never makes: a server by firewall mark, another protocol. */
export function decodeServer({ payload }: Reply): (ServerId & ServerProperties) | undefined {
  const found = nested(genericAttributes(payload), ATTRIBUTE.service)
  const address = readAddress(readU16(found.get(SERVICE.family)), found.get(SERVICE.address))
  const protocol = PROTOCOLS.get(readU16(found.get(SERVICE.protocol)))
  const port = readPort(found.get(SERVICE.port))
  if (found.has(SERVICE.firewallMark) || address === undefined) return undefined
  if (protocol === undefined || port === undefined) return undefined
  const flags = readU32(found.get(SERVICE.flags))
  const persistent = (flags & SERVICE_FLAG.persistent) !== 0
  return {
    address,
    protocol,
    port,
    scheduler: readText(found.get(SERVICE.scheduler)),
    schedulerFlags: flags & ~(SERVICE_FLAG.persistent | SERVICE_FLAG.hashed),
    persistence: persistent ? readU32(found.get(SERVICE.timeout)) : undefined,
  }
}

/** Returns how many connections were begun to the server in a reply, since it was made. */
export function decodeConnections({ payload }: Reply): number {
  const server = nested(genericAttributes(payload), ATTRIBUTE.service)
  const large = nested(server, SERVICE.statistics64).get(STATISTICS.connections)
  if (large !== undefined) return readU64(large)
  return readU32(nested(server, SERVICE.statistics).get(STATISTICS.connections))
}

/**
 * Decodes a destination of the server `of`, whose family counts where the kernel gives none (before
 * 3.18). Returns undefined where no Service can have such a destination.
 */
export function decodeDestination({ payload }: Reply, of: ServerId): Destination | undefined {
  const found = nested(genericAttributes(payload), ATTRIBUTE.destination)
  const inherited = of.address.includes(':') ? ADDRESS_FAMILY.ipv6 : ADDRESS_FAMILY.ipv4
  const family = readU16(found.get(DESTINATION.family)) || inherited
  const address = readAddress(family, found.get(DESTINATION.address))
  const port = readPort(found.get(DESTINATION.port))
  const method = METHODS[readU32(found.get(DESTINATION.method)) & METHOD_MASK]
  if (address === undefined || port === undefined || method === undefined) return undefined
  return {
    address,
    port,
    method,
    weight: readU32(found.get(DESTINATION.weight)),
    connections:
      readU32(found.get(DESTINATION.activeConnections)) +
      readU32(found.get(DESTINATION.inactiveConnections)) +
      readU32(found.get(DESTINATION.persistentConnections)),
  }
}

/** A destination with the number of its connections: active, closing and persistent. */
interface Destination extends RealServer {
  readonly connections: number
}

/** Returns the timeouts in seconds. */
export function decodeTimeouts({ payload }: Reply): IpvsTimeouts {
  const found = genericAttributes(payload)
  return {
    tcp: readU32(found.get(ATTRIBUTE.timeoutTcp)),
    tcpFin: readU32(found.get(ATTRIBUTE.timeoutTcpFin)),
    udp: readU32(found.get(ATTRIBUTE.timeoutUdp)),
  }
}

const PROTOCOLS: ReadonlyMap<number, Protocol> = new Map(
  (Object.entries(PROTOCOL_NUMBERS) as [Protocol, number][]).map(([name, number]) => [
    number,
    name,
  ]),
)

function nested(attributes: Attributes, type: number): Attributes {
  return readAttributes(attributes.get(type) ?? Buffer.alloc(0))
}

function readAddress(family: number, bytes: Buffer | undefined): Address | undefined {
  const size = family === ADDRESS_FAMILY.ipv4 ? 4 : family === ADDRESS_FAMILY.ipv6 ? 16 : undefined
  if (size === undefined || bytes === undefined || bytes.length < size) return undefined
  return addressFromBytes(bytes.subarray(0, size))
}

/** Returns undefined for port 0 (any port), which no Service has. */
function readPort(bytes: Buffer | undefined): Port | undefined {
  const port = bytes !== undefined && bytes.length >= 2 ? bytes.readUInt16BE(0) : 0
  return port === 0 ? undefined : (port as Port)
}
