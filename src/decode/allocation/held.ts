import type { Held } from '../../allocate/world.ts'
import type { Address } from '../../model/address.ts'
import type { Labels } from '../../model/label-selector.ts'
import { anything, fields, list, notSpecial, parseFields, readAddress } from '../fields.ts'
import { joinPath, type Report } from '../problem.ts'
import { allocatedAnnotation, metallbAnnotation } from './annotations.ts'

const statusSchema = fields({
  loadBalancer: fields({ ingress: list.nullish() }).nullish(),
}).nullish()

const ingressSchema = fields({ ip: anything })

/**
 * Returns the addresses in the status, each once, with the pool that the mark names if nodelb
 * or MetalLB gave it; entries with only a host name are passed over, and bad ones are reported.
 */
export function readHeld(status: unknown, annotations: Labels, report: Report): readonly Held[] {
  const pool = metallbAnnotation(annotations, 'ip-allocated-from-pool')?.value
  const addresses = new Set<Address>()
  const ingress = parseFields(statusSchema, status, 'status', report)?.loadBalancer?.ingress ?? []
  ingress.forEach((entry, i) => {
    const path = joinPath('status.loadBalancer.ingress', i)
    const point = parseFields(ingressSchema, entry, path, report)
    if (point?.ip === undefined || point.ip === null || point.ip === '') return
    const address = readAddress(point.ip, joinPath(path, 'ip'), report, notSpecial)
    if (address !== undefined) addresses.add(address)
  })
  const marked = annotations.get(allocatedAnnotation)?.split(',')
  // With addresses of Nodes there may be a thousand of them.
  const given = marked && new Set(marked)
  return [...addresses].map((address) => {
    const isOurs = given === undefined || given.has(address)
    return { address, pool: isOurs ? pool : undefined }
  })
}
