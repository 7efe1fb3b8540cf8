import { addressBits, addressBytes, familyOf } from '../../model/address.ts'
import type { IpvsTimeouts } from '../../model/ipvs.ts'
import { unreachable } from '../../model/unreachable.ts'
import type { IpvsOperation } from '../../plan/ipvs/operation.ts'
import type { RealServer, ServerId, ServerProperties } from '../../ruleset/ipvs/types.ts'
import { genericRequest } from '../generic/message.ts'
import { type AttributeWriter, HOST_LITTLE_ENDIAN } from '../netlink/attributes.ts'
import { writeU16, writeU32 } from '../netlink/host-order.ts'
import type { Request } from '../netlink/message.ts'
import {
  ADDRESS_FAMILY,
  ATTRIBUTE,
  COMMAND,
  DESTINATION,
  METHODS,
  PROTOCOL_NUMBERS,
  SERVICE,
  SERVICE_FLAG,
} from './constants.ts'

/** Operations on ipvs itself; the others concern the dummy interface. */
export type ServerOperation = Exclude<
  IpvsOperation,
  { readonly kind: 'add-dummy' | 'delete-dummy' | 'add-address' | 'delete-address' }
>

/**
 * Returns the request for an operation; `family` is the number of the generic netlink family IPVS.
 */
export function encodeOperation(family: number, operation: ServerOperation): Request {
  const { kind } = operation
  switch (kind) {
    case 'add-server':
    case 'edit-server':
      return genericRequest(family, SERVER_COMMAND[kind], (writer) =>
        writer.nested(ATTRIBUTE.service, () => {
          writeServer(writer, operation.server)
          writeProperties(writer, operation.server, operation.properties)
        }),
      )
    case 'delete-server':
      return genericRequest(family, COMMAND.deleteService, (writer) =>
        writer.nested(ATTRIBUTE.service, () => writeServer(writer, operation.server)),
      )
    case 'add-destination':
    case 'edit-destination':
    case 'delete-destination':
      return genericRequest(family, DESTINATION_COMMAND[kind], (writer) => {
        writer.nested(ATTRIBUTE.service, () => writeServer(writer, operation.server))
        writer.nested(ATTRIBUTE.destination, () => writeDestination(writer, operation.destination))
      })
    case 'set-timeouts':
      return genericRequest(family, COMMAND.setConfig, (writer) =>
        writeTimeouts(writer, operation.timeouts),
      )
    default:
      return unreachable(operation)
  }
}

/** Asks for every virtual server. */
export function listServers(family: number): Request {
  return genericRequest(family, COMMAND.getService)
}

/** Asks for the destinations of one virtual server. */
export function listDestinations(family: number, server: ServerId): Request {
  return genericRequest(family, COMMAND.getDestination, (writer) =>
    writer.nested(ATTRIBUTE.service, () => writeServer(writer, server)),
  )
}

/** Asks for the timeouts of ipvs. */
export function getTimeouts(family: number): Request {
  return genericRequest(family, COMMAND.getConfig)
}

const SERVER_COMMAND = {
  'add-server': COMMAND.newService,
  'edit-server': COMMAND.setService,
} as const

const DESTINATION_COMMAND = {
  'add-destination': COMMAND.newDestination,
  'edit-destination': COMMAND.setDestination,
  'delete-destination': COMMAND.deleteDestination,
} as const

const ADDRESS_SIZE = 16
const ALL_FLAGS = 0xffffffff
/** Persistence is by client address, not by network. */
const IPV4_HOST_MASK = 0xffffffff

function writeServer(writer: AttributeWriter, { address, protocol, port }: ServerId): void {
  writeU16(writer, SERVICE.family, ADDRESS_FAMILY[familyOf(address)])
  writeU16(writer, SERVICE.protocol, PROTOCOL_NUMBERS[protocol])
  writeAddress(writer, SERVICE.address, address)
  writePort(writer, SERVICE.port, port)
}

/** The kernel takes the properties only together, even for an edit. */
function writeProperties(
  writer: AttributeWriter,
  { address }: ServerId,
  { scheduler, schedulerFlags, persistence }: ServerProperties,
): void {
  writer.text(SERVICE.scheduler, scheduler)
  writeFlags(writer, schedulerFlags | (persistence === undefined ? 0 : SERVICE_FLAG.persistent))
  writeU32(writer, SERVICE.timeout, persistence ?? 0)
  const family = familyOf(address)
  writeU32(writer, SERVICE.netmask, family === 'ipv4' ? IPV4_HOST_MASK : addressBits(family))
}

/** Writes struct ip_vs_flags: the flags, and the mask of flags to set or clear. */
function writeFlags(writer: AttributeWriter, flags: number): void {
  const at = writer.attribute(SERVICE.flags, 8)
  const view = new DataView(writer.target.buffer, writer.target.byteOffset)
  view.setUint32(at, flags, HOST_LITTLE_ENDIAN)
  view.setUint32(at + 4, ALL_FLAGS, HOST_LITTLE_ENDIAN)
}

/** Writes a destination without thresholds: it takes as many connections as it gets. */
function writeDestination(writer: AttributeWriter, destination: RealServer): void {
  writeAddress(writer, DESTINATION.address, destination.address)
  writePort(writer, DESTINATION.port, destination.port)
  writeU32(writer, DESTINATION.method, METHODS.indexOf(destination.method))
  writeU32(writer, DESTINATION.weight, destination.weight)
  writeU32(writer, DESTINATION.upperThreshold, 0)
  writeU32(writer, DESTINATION.lowerThreshold, 0)
  writeU16(writer, DESTINATION.family, ADDRESS_FAMILY[familyOf(destination.address)])
}

function writeTimeouts(writer: AttributeWriter, { tcp, tcpFin, udp }: IpvsTimeouts): void {
  writeU32(writer, ATTRIBUTE.timeoutTcp, tcp)
  writeU32(writer, ATTRIBUTE.timeoutTcpFin, tcpFin)
  writeU32(writer, ATTRIBUTE.timeoutUdp, udp)
}

function writeAddress(writer: AttributeWriter, type: number, address: ServerId['address']): void {
  const at = writer.zeros(type, ADDRESS_SIZE)
  writer.target.set(addressBytes(address), at)
}

function writePort(writer: AttributeWriter, type: number, port: number): void {
  const at = writer.attribute(type, 2)
  writer.target.writeUInt16BE(port, at)
}
