import { nameOf, valueAt } from '../../decode/fields.ts'
import type { Address } from '../../model/address.ts'
import { readServiceStatus } from '../service-status.ts'
import { type GivenAddresses, replacementFor } from './given.ts'

/** Returns a Service object with these addresses in place of those of its status. */
export function withIngress(object: unknown, addresses: readonly Address[]): unknown {
  const loadBalancer = { ingress: addresses.map((ip) => ({ ip })) }
  return { ...fieldsOf(object), status: { ...fieldsOf(valueAt(object, ['status'])), loadBalancer } }
}

/** Returns a Service object with the addresses that it was given in place of those of its status. */
export function withGiven(object: unknown, given: GivenAddresses): unknown {
  if (valueAt(object, ['spec', 'type']) !== 'LoadBalancer') return object
  const addresses = given.get(nameOf(object, true))?.addresses.map(({ address }) => address)
  const replacement = addresses && replacementFor(readServiceStatus(object), addresses)
  return replacement ? withIngress(object, replacement) : object
}

function fieldsOf(value: unknown): object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}
