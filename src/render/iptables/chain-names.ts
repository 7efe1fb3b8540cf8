import { sha256 } from '../../frontend/sha256.ts'
import type { ChainName } from '../../ruleset/iptables/types.ts'

const LONGEST = 28 // XT_EXTENSION_MAXNAMELEN less its NUL

/** Returns a name such as `NODELB-V-10.96.0.0.20`, with a hash for what is too long. */
export function chainName(beginning: string, text: string): ChainName {
  return `${beginning}${nameWithin(beginning.length, text)}`
}

/**
 * Returns what follows a beginning of this length: the text, or its hash if the text is too long.
 * Colons are replaced, because nft cannot read back a name that has any.
 */
export function nameWithin(taken: number, text: string): string {
  return taken + text.length <= LONGEST ? text.replaceAll(':', '.') : hash(text)
}

/** Returns 80 bits as 16 characters of RFC 4648's base 32; so many never meet by chance. */
function hash(text: string): string {
  const bytes = sha256(text).subarray(0, 10)
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  return bits.replace(/.{5}/g, (five) => BASE32.charAt(Number.parseInt(five, 2)))
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
