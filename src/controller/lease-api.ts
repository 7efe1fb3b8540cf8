import { valueAt } from '../decode/fields.ts'
import type { Answer } from '../watch/api/answer.ts'
import type { ApiClient } from '../watch/api/client.ts'
import type { Lease } from './lease.ts'

/** The answer to a request about the Lease. */
export type LeaseAnswer =
  | { readonly kind: 'lease'; readonly lease: Lease }
  | { readonly kind: 'absent' }
  /** Another replica wrote it first. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'failed'; readonly reason: string }

/** What is written into a Lease. */
export interface LeaseSpec {
  readonly holder: string
  readonly seconds: number
  /** RFC 3339 with microseconds. */
  readonly renewed: string
  /** Undefined if the holder stays the same. */
  readonly acquired: string | undefined
  readonly transitions: number
}

/** Reads and writes one Lease; no method rejects. */
export interface LeaseApi {
  read(signal: AbortSignal): Promise<LeaseAnswer>
  create(spec: LeaseSpec, signal: AbortSignal): Promise<LeaseAnswer>
  /** Writes over the version that was read; `conflict` if there is another by now. */
  write(version: string, spec: LeaseSpec, signal: AbortSignal): Promise<LeaseAnswer>
}

/** Returns the API of one Lease of the cluster. */
export function leaseApi(client: ApiClient, namespace: string, name: string): LeaseApi {
  const list = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`
  return {
    read: async (signal) => answerOf(await client.fetch({ path: `${list}/${name}`, signal })),
    create: async (spec, signal) => {
      const body = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace },
        spec: specOf(spec),
      }
      return answerOf(await client.fetch({ method: 'POST', path: list, body, signal }))
    },
    write: async (version, spec, signal) => {
      const body = { metadata: { resourceVersion: version }, spec: specOf(spec) }
      const contentType = 'application/merge-patch+json'
      const path = `${list}/${name}`
      return answerOf(await client.fetch({ method: 'PATCH', path, body, contentType, signal }))
    },
  }
}

function specOf({ holder, seconds, renewed, acquired, transitions }: LeaseSpec): object {
  return {
    holderIdentity: holder,
    leaseDurationSeconds: seconds,
    renewTime: renewed,
    leaseTransitions: transitions,
    ...(acquired !== undefined && { acquireTime: acquired }),
  }
}

function answerOf(answer: Answer): LeaseAnswer {
  if (answer.kind === 'broken') return { kind: 'failed', reason: answer.reason }
  const { status, text } = answer
  if (status === 404) return { kind: 'absent' }
  if (status === 409) return { kind: 'conflict' }
  const lease = status < 300 ? leaseIn(text) : undefined
  if (lease !== undefined) return { kind: 'lease', lease }
  return { kind: 'failed', reason: `the API server answers ${status}` }
}

/** Reads a Lease; returns undefined if the text is none. A Lease without a holder is free. */
function leaseIn(text: string): Lease | undefined {
  const object = parsed(text)
  const version = valueAt(object, ['metadata', 'resourceVersion'])
  if (typeof version !== 'string') return undefined
  const holder = valueAt(object, ['spec', 'holderIdentity'])
  const transitions = valueAt(object, ['spec', 'leaseTransitions'])
  return {
    version,
    holder: typeof holder === 'string' ? holder : '',
    transitions: typeof transitions === 'number' ? transitions : 0,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
