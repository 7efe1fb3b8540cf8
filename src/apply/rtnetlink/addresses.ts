import {
  type Address,
  addressBits,
  addressBytes,
  addressFromBytes,
  familyOf,
} from '../../model/address.ts'
import { AttributeWriter, HOST_LITTLE_ENDIAN, readAttributes } from '../netlink/attributes.ts'
import { NLM_F_CREATE, NLM_F_EXCL } from '../netlink/constants.ts'
import type { Request } from '../netlink/message.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import {
  ADDRESS,
  ADDRESS_FAMILY,
  ADDRESS_HEADER,
  IFA_F_NODAD,
  MESSAGE,
  SCOPE_LINK,
} from './constants.ts'

/**
 * Returns the host addresses (/32, /128) of one interface. The kernel lists those of all
 * interfaces: it filters only for sockets that ask for strict checks, and only since Linux 4.20.
 * Rejects with NetlinkError.
 */
export async function listAddresses(
  socket: NetlinkSocket,
  index: number,
): Promise<ReadonlySet<Address>> {
  const found = new Set<Address>()
  await socket.walk(listAll(), ({ payload }) => {
    const read = decodeAddress(payload)
    if (read?.index === index && read.isHost) found.add(read.address)
  })
  return found
}

/**
 * Returns the addresses of all interfaces except some, without link-local ones. Rejects with
 * NetlinkError.
 */
export async function listOtherAddresses(
  socket: NetlinkSocket,
  except: readonly number[],
): Promise<readonly Address[]> {
  const found = new Set<Address>()
  await socket.walk(listAll(), ({ payload }) => {
    const read = decodeAddress(payload)
    const counts = read !== undefined && !except.includes(read.index) && read.scope !== SCOPE_LINK
    if (counts) found.add(read.address)
  })
  return [...found]
}

/** Returns the indexes of the interfaces that have a link-local IPv6 address. Rejects with NetlinkError. */
export async function listLinkLocal(socket: NetlinkSocket): Promise<ReadonlySet<number>> {
  const found = new Set<number>()
  await socket.walk(listAll(), ({ payload }) => {
    const read = decodeAddress(payload)
    if (read?.scope === SCOPE_LINK && familyOf(read.address) === 'ipv6') found.add(read.index)
  })
  return found
}

/** Adds a host address (/32, /128); the kernel answers EEXIST where the interface has it. */
export function addAddress(index: number, address: Address): Request {
  return addressRequest(MESSAGE.newAddress, NLM_F_CREATE | NLM_F_EXCL, index, address)
}

/** Returns a request to take an address from an interface. */
export function deleteAddress(index: number, address: Address): Request {
  return addressRequest(MESSAGE.deleteAddress, 0, index, address)
}

/** The header is struct ifaddrmsg: family, prefix length, flags, scope (0: global), interface. */
function addressRequest(type: number, flags: number, index: number, address: Address): Request {
  const family = familyOf(address)
  const writer = new AttributeWriter(64)
  const bytes = addressBytes(address)
  writer.bytes(ADDRESS.local, bytes)
  writer.bytes(ADDRESS.address, bytes)
  const header = Buffer.alloc(ADDRESS_HEADER)
  header[0] = ADDRESS_FAMILY[family]
  header[1] = addressBits(family)
  header[2] = family === 'ipv6' ? IFA_F_NODAD : 0
  new DataView(header.buffer, header.byteOffset).setUint32(4, index, HOST_LITTLE_ENDIAN)
  return { type, flags, payload: Buffer.concat([header, writer.finish()]) }
}

function listAll(): Request {
  return { type: MESSAGE.getAddress, flags: 0, payload: Buffer.alloc(ADDRESS_HEADER) }
}

interface FoundAddress {
  readonly index: number
  readonly scope: number
  readonly address: Address
  /** Whether the prefix is as long as the address. */
  readonly isHost: boolean
}

function decodeAddress(payload: Buffer): FoundAddress | undefined {
  if (payload.length < ADDRESS_HEADER) return undefined
  const view = new DataView(payload.buffer, payload.byteOffset)
  const attributes = readAttributes(payload.subarray(ADDRESS_HEADER))
  const bytes = attributes.get(ADDRESS.local) ?? attributes.get(ADDRESS.address)
  if (bytes === undefined) return undefined
  return {
    index: view.getUint32(4, HOST_LITTLE_ENDIAN),
    scope: payload[3] ?? 0,
    address: addressFromBytes(bytes),
    isHost: payload[1] === bytes.length * 8,
  }
}
