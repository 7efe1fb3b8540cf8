import type { BgpSecret } from '../../announce/bgp/password.ts'
import { SecretText } from '../../announce/bgp/secret-text.ts'
import { fields, nameOf, namespaceName, objectName, parseFields, text, valueAt } from '../fields.ts'
import { type Problem, type Report, said, report as startReport } from '../problem.ts'

type DecodedSecret =
  | { readonly kind: 'secret'; readonly secret: BgpSecret; readonly problems: readonly Problem[] }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const secretSchema = fields({
  metadata: fields({ name: objectName, namespace: namespaceName }),
  type: text.nullish(),
})

/**
 * Reads the key `password` of a Secret, whose other keys play no part. No problem has a part of what
 * the Secret says.
 */
export function decodeBgpSecret(json: unknown, source: string): DecodedSecret {
  const report = startReport(source, 'Secret', nameOf(json, true))
  const { problems } = report
  const read = parseFields(secretSchema, json, '', report)
  if (read === undefined) return { kind: 'invalid', problems }
  const type = read.type || 'Opaque'
  const name = nameOf(json, true)
  const found = passwordIn(json, report)
  const password = found === undefined ? undefined : new SecretText(found)
  return { kind: 'secret', secret: { name, type, password }, problems }
}

/** The API server takes what `stringData` has before `data`, and makes data of it. */
function passwordIn(json: unknown, report: Report): string | undefined {
  const plain = valueAt(json, ['stringData', 'password'])
  if (typeof plain === 'string') return plain
  const encoded = valueAt(json, ['data', 'password'])
  if (encoded === undefined) return undefined
  const password = typeof encoded === 'string' ? fromBase64(encoded) : undefined
  if (password === undefined) {
    report.error('data.password', said('a value that is not shown'), 'text in base64')
  }
  return password
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Returns the text that is written in base64 (RFC 4648, 4); undefined if it is none in UTF-8. */
function fromBase64(encoded: string): string | undefined {
  const digits = encoded.replace(/\s/g, '').replace(/={0,2}$/, '')
  if (!/^[A-Za-z0-9+/]*$/.test(digits) || digits.length % 4 === 1) return undefined
  let [bits, held, escaped] = [0, 0, '']
  for (const digit of digits) {
    bits = ((bits << 6) | DIGITS.indexOf(digit)) & 0xffff
    held += 6
    if (held < 8) continue
    held -= 8
    escaped += `%${((bits >> held) & 0xff).toString(16).padStart(2, '0')}`
  }
  try {
    return decodeURIComponent(escaped)
  } catch {
    return undefined
  }
}
