import { sha256 } from '../../frontend/sha256.ts'
import type { ChainName } from '../../ruleset/iptables/types.ts'

const LONGEST = 28 // XT_EXTENSION_MAXNAMELEN less its NUL

/** `NODELB-V-10.96.0.0.20`; where that is too long, a hash in place of what comes after. */
export function chainName(beginning: string, text: string): ChainName {
  return `${beginning}${nameWithin(beginning.length, text)}`
}

/**
 * What may follow a beginning of this length: the text, or where that is too long, its hash. Colons
 * would make a name that nft cannot read back.
 */
export function nameWithin(taken: number, text: string): string {
  return taken + text.length <= LONGEST ? text.replaceAll(':', '.') : hash(text)
}

/** 80 bits, in 16 characters of RFC 4648's base 32; in pairs, for two hashes never meet by chance. */
function hash(text: string): string {
  const bytes = sha256(text).subarray(0, 10)
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  return bits.replace(/.{5}/g, (five) => BASE32[Number.parseInt(five, 2)] ?? '')
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
