const SECRETS: readonly (readonly [RegExp, string])[] = [
  // A JSON Web Token, which service accounts present to the API server.
  [/\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?/g, '[secret]'],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, '$1 [secret]'],
  [
    /\b((?:access_|id_|refresh_)?token|password|secret)(["']?\s*[:=]\s*["']?)[^\s"',&]+/gi,
    '$1$2[secret]',
  ],
  [/(:\/\/)[^\s/@"']+@/g, '$1[secret]@'],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, '[secret]'],
]

/**
 * Returns a copy of the value in whose texts everything that looks like a credential is replaced.
 */
export function withoutSecrets<Value>(value: Value): Value {
  if (typeof value === 'string') return clean(value) as Value
  if (Array.isArray(value)) return value.map(withoutSecrets) as Value
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, part]) => [key, withoutSecrets(part)])
  return Object.fromEntries(entries) as Value
}

function clean(text: string): string {
  return SECRETS.reduce((rest, [pattern, put]) => rest.replace(pattern, put), text)
}
