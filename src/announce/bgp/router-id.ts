import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { type Address, addressFromBytes, familyOf } from '../../model/address.ts'
import type { AnnouncerNode } from '../objects.ts'

/**
 * Returns the router identifier of a node whose peers name none: its IPv4 InternalIP, else 32 bits of
 * the SHA-256 of its name. 0.0.0.0 is no identifier (RFC 6286, 2.1).
 */
export function routerIdOf({ name, internal }: Pick<AnnouncerNode, 'name' | 'internal'>): Address {
  const own = internal.find((address) => familyOf(address) === 'ipv4')
  if (own !== undefined) return own
  const bytes = sha256(utf8ToBytes(name)).slice(0, 4)
  return bytes.every((byte) => byte === 0) ? ('0.0.0.1' as Address) : addressFromBytes(bytes)
}
