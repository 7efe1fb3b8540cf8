import { valueAt } from '../../decode/fields.ts'
import type { Address } from '../../model/address.ts'

/** Returns a Service object with these addresses in place of those of its status. */
export function withIngress(object: unknown, addresses: readonly Address[]): unknown {
  const loadBalancer = { ingress: addresses.map((ip) => ({ ip })) }
  return { ...fieldsOf(object), status: { ...fieldsOf(valueAt(object, ['status'])), loadBalancer } }
}

function fieldsOf(value: unknown): object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}
