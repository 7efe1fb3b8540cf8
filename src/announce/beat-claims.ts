import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { type Address, addressBytes, addressFromBytes } from '../model/address.ts'
import { present } from '../model/present.ts'
import type { Claim, ClaimPart, Claims } from './beat.ts'

/** The first byte of a claim says which kind it is and how long its address is. */
const CLAIMS: readonly Claim[] = ['partly', 'wholly', 'offered']
const CLAIM = 3
const IPV6 = 4

/** How many bytes of claims a datagram has room for, whatever else is in it. */
const ROOM = 480

/** Returns the digest of claims: equal claims have equal digests, in whatever order they come. */
export function digestOf(claims: Claims): string {
  const lines = [...claims].map(([address, claim]) => `${address} ${claim}\n`)
  return bytesToHex(sha256(utf8ToBytes(lines.sort().join(''))).subarray(0, 8))
}

/** Returns the claims in parts, each small enough for a datagram; at least one part. */
export function partsOf(claims: Claims): readonly ClaimPart[] {
  const parts: Map<Address, Claim>[] = [new Map()]
  let room = ROOM
  for (const [address, claim] of claims) {
    const length = address.includes(':') ? 17 : 5
    if (length > room) {
      parts.push(new Map())
      room = ROOM
    }
    parts.at(-1)?.set(address, claim)
    room -= length
  }
  return parts.map((each, index) => ({ index, count: parts.length, claims: each }))
}

/** Returns the bytes of claims: for each a byte that says which kind it is, and the address. */
export function encodeClaims(claims: Claims): Uint8Array {
  const bytes = [...claims].flatMap(([address, claim]) => {
    const kind = CLAIMS.indexOf(claim) | (address.includes(':') ? IPV6 : 0)
    return [kind, ...addressBytes(address)]
  })
  return Uint8Array.from(bytes)
}

/** Returns the claims of these bytes; undefined if the bytes do not come from `encodeClaims`. */
export function decodeClaims(bytes: Uint8Array): Claims | undefined {
  const claims = new Map<Address, Claim>()
  let at = 0
  while (at < bytes.length) {
    const kind = present(bytes[at])
    const end = at + ((kind & IPV6) === 0 ? 5 : 17)
    const claim = CLAIMS[kind & CLAIM]
    if (end > bytes.length || kind > (CLAIM | IPV6) || claim === undefined) return undefined
    claims.set(addressFromBytes(bytes.subarray(at + 1, end)), claim)
    at = end
  }
  return claims
}
