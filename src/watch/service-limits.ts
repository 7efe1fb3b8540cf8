import { type Limits, type ServiceSize, sizeOf } from '../model/limits.ts'
import type { ServiceObject, SliceObject } from '../model/service.ts'
import { type Problem, said, report as startReport } from './problem.ts'

/** What is too much about a Service with these slices; none: it is within the limits. */
export function limitProblems(
  service: ServiceObject,
  slices: readonly SliceObject[],
  { claimsPerService, entriesPerService }: Limits,
): readonly Problem[] {
  const { namespace, name } = service
  const report = startReport('', 'Service', `${namespace}/${name}`)
  const size = sizeOf(service, slices)
  if (size.claims > claimsPerService) {
    report.error(
      longest(listsOf(service)),
      said(`${size.claims} pairs of address and port (${partsOf(service)})`),
      atMost(claimsPerService, 'claimsPerService'),
    )
  } else if (size.entries > entriesPerService) {
    report.error(
      longest([...listsOf(service), ...targetsOf(service, size)]),
      said(
        `${size.entries} entries in the kernel (${partsOf(service)}, ${size.endpoints} endpoints)`,
      ),
      atMost(entriesPerService, 'entriesPerService'),
    )
  }
  return report.problems
}

function atMost(limit: number, field: keyof Limits): string {
  return `at most ${limit}: make several Services of it, or raise limits.${field}`
}

/** A field, and how many entries it has. */
type Listed = readonly [field: string, entries: number]

function listsOf(service: ServiceObject): readonly Listed[] {
  return [
    ['spec.ports', service.ports.length],
    ['spec.externalIPs', service.externalAddresses.length],
    ['status.loadBalancer.ingress', service.loadBalancerAddresses.length],
  ]
}

function targetsOf({ sourceRanges }: ServiceObject, { endpoints }: ServiceSize): readonly Listed[] {
  return [
    ['spec.loadBalancerSourceRanges', sourceRanges.length],
    ['endpoints', endpoints],
  ]
}

function longest(lists: readonly Listed[]): string {
  return lists.reduce((most, each) => (each[1] > most[1] ? each : most))[0]
}

function partsOf(service: ServiceObject): string {
  const { ports, clusterAddresses, externalAddresses, loadBalancerAddresses } = service
  const lists = [clusterAddresses, externalAddresses, loadBalancerAddresses]
  const addresses = lists.reduce((sum, list) => sum + list.length, 0)
  return `${addresses} addresses, ${ports.length} ports`
}
