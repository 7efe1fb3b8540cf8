import { PASSWORD, type PasswordSource, passwordFault } from '../../announce/bgp/password.ts'
import { SecretText } from '../../announce/bgp/secret-text.ts'
import type { FieldReader } from '../field-reader.ts'
import { fields, namespaceName, objectName } from '../fields.ts'
import { said } from '../problem.ts'

/** The fields of a BGPPeer that say where its password is. */
interface PasswordFields {
  readonly password?: unknown
  readonly passwordSecret?: unknown
}

const secretSchema = fields({ name: objectName, namespace: namespaceName })

/**
 * Returns where the password is; a Secret without a namespace is in that of the BGPPeer. No problem
 * has a part of the password.
 */
export function readPassword(
  { password, passwordSecret }: PasswordFields,
  namespace: string,
  reader: FieldReader,
): PasswordSource {
  const refuse = (path: string, found: string, expected: string): PasswordSource => {
    reader.report.error(path, said(found), expected)
    reader.noteUnread()
    return { kind: 'none' }
  }
  const isWritten = password !== undefined && password !== null && password !== ''
  const isNamed = isSecretNamed(passwordSecret)
  if (isWritten && isNamed) {
    return refuse('spec.passwordSecret', 'it beside password', 'one of them')
  }
  if (isNamed) {
    // A text here may be the password itself, in the wrong place.
    if (typeof passwordSecret !== 'object') {
      return refuse('spec.passwordSecret', 'a value that is no object', 'the name of a Secret')
    }
    const read = reader.read(passwordSecret, secretSchema, 'spec.passwordSecret', undefined)
    if (read === undefined) return { kind: 'none' }
    return { kind: 'secret', secret: `${read.namespace || namespace}/${read.name}` }
  }
  if (!isWritten) return { kind: 'none' }
  if (typeof password !== 'string') {
    return refuse('spec.password', 'a value that is no text', 'text, in quotes if need be')
  }
  const fault = passwordFault(password)
  if (fault !== undefined) return refuse('spec.password', fault, PASSWORD)
  return { kind: 'text', text: new SecretText(password) }
}

/** The API server writes a reference without a name where none is meant. */
function isSecretNamed(value: unknown): boolean {
  if (value === undefined || value === null) return false
  const name = typeof value === 'object' && 'name' in value ? value.name : undefined
  return typeof value !== 'object' || (name !== undefined && name !== '')
}
