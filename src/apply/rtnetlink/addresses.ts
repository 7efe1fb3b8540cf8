import {
  type Address,
  addressBits,
  addressBytes,
  addressFromBytes,
  familyOf,
} from '../../model/address.ts'
import { NLM_F_CREATE, NLM_F_EXCL } from '../netlink/constants.ts'
import type { Reply, Request } from '../netlink/message.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'
import { AttributeWriter, HOST_LITTLE_ENDIAN, readAttributes } from '../nftables/attributes.ts'
import { ADDRESS, ADDRESS_FAMILY, ADDRESS_HEADER, IFA_F_NODAD, MESSAGE } from './constants.ts'

/**
 * The addresses of one interface that stand for themselves (/32, /128). The kernel tells those of
 * all interfaces: it chooses only for sockets that ask for strict checks, and since Linux 4.20.
 */
export async function listAddresses(
  socket: NetlinkSocket,
  index: number,
): Promise<ReadonlySet<Address>> {
  const found = new Set<Address>()
  const all = { type: MESSAGE.getAddress, flags: 0, payload: Buffer.alloc(ADDRESS_HEADER) }
  await socket.walk(all, (reply) => {
    const address = readAddress(reply, index)
    if (address !== undefined) found.add(address)
  })
  return found
}

export function addAddress(index: number, address: Address): Request {
  return addressRequest(MESSAGE.newAddress, NLM_F_CREATE | NLM_F_EXCL, index, address)
}

export function deleteAddress(index: number, address: Address): Request {
  return addressRequest(MESSAGE.deleteAddress, 0, index, address)
}

/** struct ifaddrmsg: family, length of the prefix, flags, scope (0: global), interface. */
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

function readAddress({ payload }: Reply, index: number): Address | undefined {
  if (payload.length < ADDRESS_HEADER) return undefined
  const view = new DataView(payload.buffer, payload.byteOffset)
  if (view.getUint32(4, HOST_LITTLE_ENDIAN) !== index) return undefined
  const attributes = readAttributes(payload.subarray(ADDRESS_HEADER))
  const bytes = attributes.get(ADDRESS.local) ?? attributes.get(ADDRESS.address)
  if (bytes === undefined || payload[1] !== bytes.length * 8) return undefined
  return addressFromBytes(bytes)
}
