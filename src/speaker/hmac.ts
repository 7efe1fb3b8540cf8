import { createHmac } from 'node:crypto'

/** Returns the HMAC-SHA-256 of a message (RFC 2104), several times as fast as the portable one. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(message).digest()
}
