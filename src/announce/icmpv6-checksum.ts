/**
 * Returns the checksum of an ICMPv6 message with the pseudo-header of RFC 8200, 8.1. It is 0 for a
 * message that has its right checksum already. `addresses` are source and destination, 32 bytes.
 */
export function icmpv6Checksum(addresses: Uint8Array, message: Uint8Array): number {
  let sum = sumOf(addresses) + message.length + 58 + sumOf(message)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

function sumOf(bytes: Uint8Array): number {
  let sum = 0
  for (const [at, byte] of bytes.entries()) sum += at % 2 === 0 ? byte << 8 : byte
  return sum
}
