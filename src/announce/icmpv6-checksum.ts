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
  for (let at = 0; at < bytes.length; at += 2) {
    sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  }
  return sum
}
