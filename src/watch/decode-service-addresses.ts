import type { FieldReader } from '../decode/field-reader.ts'
import {
  anything,
  fields,
  list,
  notSpecial,
  notSpecialOrLinkLocal,
  oneOf,
  parseFields,
  readAddress,
  readAddresses,
} from '../decode/fields.ts'
import { joinPath } from '../decode/problem.ts'
import type { Address } from '../model/address.ts'

interface Spec {
  readonly clusterIP?: unknown
  readonly clusterIPs?: unknown
  readonly externalIPs?: unknown
}

const statusSchema = fields({
  loadBalancer: fields({ ingress: list.nullish() }).nullish(),
}).nullish()

const ingressSchema = fields({
  ip: anything,
  ipMode: oneOf(['VIP', 'Proxy']).nullish(),
})

// Each function returns undefined if the field as a whole cannot be read.

/**
 * Returns the ClusterIPs: `clusterIPs`, or else `clusterIP`. Bad ones are reported and left out.
 */
export function clusterAddressesOf(
  spec: Spec,
  reader: FieldReader,
): readonly Address[] | undefined {
  const path = 'spec.clusterIPs'
  const values = reader.list(spec.clusterIPs, path)
  if (values === undefined) return undefined
  if (values.length > 0) return readAddresses(values, path, reader.report, notSpecial)
  if (!spec.clusterIP) return []
  const address = readAddress(spec.clusterIP, 'spec.clusterIP', reader.report, notSpecial)
  return address === undefined ? [] : [address]
}

/** Returns the externalIPs; bad ones are reported and left out. */
export function externalAddressesOf(
  spec: Spec,
  reader: FieldReader,
): readonly Address[] | undefined {
  const path = 'spec.externalIPs'
  const values = reader.list(spec.externalIPs, path)
  return values && readAddresses(values, path, reader.report, notSpecialOrLinkLocal)
}

/**
 * Returns the load-balancer addresses that this node translates: none with ipMode Proxy, and none
 * for entries with only a host name.
 */
export function ingressAddressesOf(
  { status }: { readonly status?: unknown },
  reader: FieldReader,
): readonly Address[] | undefined {
  const balancer = reader.read(status, statusSchema, 'status', false as const)
  if (balancer === false) return undefined
  const addresses = new Set<Address>()
  const ingress = balancer?.loadBalancer?.ingress ?? []
  ingress.forEach((entry, i) => {
    const path = joinPath('status.loadBalancer.ingress', i)
    const point = parseFields(ingressSchema, entry, path, reader.report)
    if (point === undefined || point.ipMode === 'Proxy') return
    if (point.ip === undefined || point.ip === null || point.ip === '') return
    const address = readAddress(point.ip, joinPath(path, 'ip'), reader.report, notSpecial)
    if (address !== undefined) addresses.add(address)
  })
  return [...addresses]
}
