import { sha256 as ofBytes } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'

/**
 * Returns the 32 bytes of the SHA-256 of a text. It comes from a library, because pure folders have
 * no `node:crypto` and Web Crypto answers asynchronously.
 */
export function sha256(text: string): Uint8Array {
  return ofBytes(utf8ToBytes(text))
}
