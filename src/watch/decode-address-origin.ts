import { metallbAnnotation } from '../decode/allocation/annotations.ts'
import { valueAt } from '../decode/fields.ts'
import type { AddressOrigin } from '../model/service.ts'
import { ADDRESS_ASSIGNED } from './service-status.ts'
import { shared } from './shared-text.ts'

/** A longer sentence than the controller's would be another program's. */
const MAX_REASON = 1_000

/**
 * Returns where the load-balancer addresses of a Service come from: the pool that the mark names,
 * and the sentence of the condition that the controller writes. Undefined if it has neither.
 */
export function addressOriginOf(metadata: unknown, status: unknown): AddressOrigin | undefined {
  const pool = poolOf(valueAt(metadata, ['annotations']))
  const reason = reasonOf(valueAt(status, ['conditions']))
  if (pool === undefined && reason === undefined) return undefined
  return { ...(pool !== undefined && { pool }), ...(reason !== undefined && { reason }) }
}

function poolOf(annotations: unknown): string | undefined {
  if (typeof annotations !== 'object' || annotations === null) return undefined
  const texts = Object.entries(annotations).filter(([, value]) => typeof value === 'string')
  const pool = metallbAnnotation(new Map(texts), 'ip-allocated-from-pool')?.value
  return pool === undefined ? undefined : shared(pool)
}

function reasonOf(conditions: unknown): string | undefined {
  const found = Array.isArray(conditions)
    ? conditions.find((each) => valueAt(each, ['type']) === ADDRESS_ASSIGNED)
    : undefined
  const message = valueAt(found, ['message'])
  return typeof message === 'string' && message !== '' && message.length <= MAX_REASON
    ? shared(message)
    : undefined
}
