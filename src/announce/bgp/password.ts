import { utf8ToBytes } from '@noble/hashes/utils.js'
import type { SecretText } from './secret-text.ts'

/** Where the password of a session comes from. */
export type PasswordSource =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly text: SecretText }
  /** The Secret `namespace/name`. */
  | { readonly kind: 'secret'; readonly secret: string }

/** What a Secret says that a BGPPeer names. */
export interface BgpSecret {
  /** `namespace/name`. */
  readonly name: string
  /** The type of the Secret; `kubernetes.io/basic-auth` is the one that counts. */
  readonly type: string
  /** The value of its key `password`; undefined if it has none. */
  readonly password: SecretText | undefined
}

/** What is expected of a password. */
export const PASSWORD = '1 to 80 bytes without white space and control characters'

/** FRR takes no longer key (PEER_PASSWORD_MAXLEN in bgpd/bgpd.h). */
const MOST_BYTES = 80

/**
 * Returns what is wrong with a password, without a part of it; undefined if nothing is. In a command
 * of FRR a blank ends the word.
 */
export function passwordFault(text: string): string | undefined {
  const bytes = utf8ToBytes(text).length
  if (bytes === 0) return 'an empty password'
  if (bytes > MOST_BYTES) return `a password of ${bytes} bytes`
  if (/[\s\p{C}\p{Z}]/u.test(text)) return 'a password with white space or a control character'
  return undefined
}
