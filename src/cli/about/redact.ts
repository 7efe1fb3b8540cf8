import { withoutSecrets } from '../../telemetry/secrets.ts'

/** The kinds of objects that a report of a bug may need. None of them is meant for secrets. */
const KINDS: readonly string[] = [
  'Service',
  'EndpointSlice',
  'Node',
  'IPAddressPool',
  'L2Advertisement',
  'BGPPeer',
  'BGPAdvertisement',
  'BFDProfile',
  'Community',
]

/** Fields whose values are never shown, such as `spec.password` of a BGPPeer. */
const SECRET_FIELD = /^(password|passphrase|secret|token|key|keyData|credentials?)$/i

/** The annotations of Kubernetes and of load balancers say what nodelb does; others can say anything. */
const KNOWN_ANNOTATION =
  /^([\w-]+\.)*(kubernetes\.io|k8s\.io|nodelb\.io|metallb\.(io|universe\.tf))\//

/** What kubectl keeps there is the whole object again, with all that was in it. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** Returns the objects of lists and documents that may be shown, without what looks like a secret. */
export function shownObjects(values: readonly unknown[]): readonly unknown[] {
  return values.flatMap((value) => {
    const { kind, items } = recordOf(value)
    if (Array.isArray(items)) {
      const inside = typeof kind === 'string' ? kind.replace(/List$/, '') : ''
      return shownObjects(items.map((item) => ({ kind: inside, ...recordOf(item) })))
    }
    return typeof kind === 'string' && KINDS.includes(kind) ? [withoutSecrets(hidden(value))] : []
  })
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function hidden(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hidden)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).flatMap(([name, part]): [string, unknown][] => {
    if (name === 'managedFields') return []
    if (name === 'annotations') return [[name, shownAnnotations(part)]]
    const secret = SECRET_FIELD.test(name) && typeof part === 'string'
    return [[name, secret ? '[secret]' : hidden(part)]]
  })
  return Object.fromEntries(entries)
}

function shownAnnotations(annotations: unknown): unknown {
  const entries = Object.entries(recordOf(annotations)).map(([name, value]) => {
    const shown = KNOWN_ANNOTATION.test(name) && name !== LAST_APPLIED
    return [name, shown ? value : '[not shown]']
  })
  return Object.fromEntries(entries)
}

/** Returns a text without what looks like a secret, as the log and FRR's configuration may have it. */
export function shownText(text: string): string {
  return withoutSecrets(text).replace(/\b(password|md5) (?!\[secret\])\S+/gi, '$1 [secret]')
}
