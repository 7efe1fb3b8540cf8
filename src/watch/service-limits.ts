import { type Problem, said, report as startReport } from '../decode/problem.ts'
import { type Limits, type ServiceSize, sizeOf } from '../model/limits.ts'
import { compareAge, type ServiceObject, type SliceObject } from '../model/service.ts'
import { namespaceOf, serviceName } from '../model/service-name.ts'

/** Keeps which Services are within the limits, and the number of their entries by namespace. */
export class Admission {
  readonly #limits: Limits
  readonly #entries: Map<string, number> = new Map()
  /** The number of entries, by namespace. */
  readonly #totals: Map<string, number> = new Map()

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /**
   * Returns the limits that a Service with these slices exceeds. If there are none, it is admitted,
   * in place of its former version.
   */
  admit(service: ServiceObject, slices: readonly SliceObject[]): readonly Problem[] {
    const { namespace } = service
    const name = serviceName(service)
    const size = sizeOf(service, slices)
    const others = this.total(namespace) - (this.#entries.get(name) ?? 0)
    const problems = limitProblems(service, size, others, this.#limits)
    if (problems.length === 0) this.#book(namespace, name, size.entries)
    return problems
  }

  /** Removes an admitted Service, which makes room in its namespace. */
  remove(name: string): void {
    this.#book(namespaceOf(name), name, 0)
  }

  /** Returns the number of entries of the admitted Services in a namespace. */
  total(namespace: string): number {
    return this.#totals.get(namespace) ?? 0
  }

  #book(namespace: string, name: string, entries: number): void {
    const total = this.total(namespace) - (this.#entries.get(name) ?? 0) + entries
    if (entries === 0) this.#entries.delete(name)
    else this.#entries.set(name, entries)
    if (total === 0) this.#totals.delete(namespace)
    else this.#totals.set(namespace, total)
  }
}

/** Returns the Services by age, then by name: those that come first are admitted first. */
export function olderFirst(services: Iterable<ServiceObject>): readonly ServiceObject[] {
  return [...services].sort(
    (a, b) => compareAge(a, b) || (serviceName(a) < serviceName(b) ? -1 : 1),
  )
}

function limitProblems(
  service: ServiceObject,
  size: ServiceSize,
  others: number,
  { claimsPerService, entriesPerService, entriesPerNamespace }: Limits,
): readonly Problem[] {
  const { namespace, name } = service
  const report = startReport('', 'Service', `${namespace}/${name}`)
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
  } else if (size.entries + others > entriesPerNamespace) {
    report.error(
      '',
      said(`${size.entries} entries in the kernel beside ${others} of namespace ${namespace}`),
      `at most ${entriesPerNamespace} together: remove or split Services, or raise limits.entriesPerNamespace`,
    )
  }
  return report.problems
}

function atMost(limit: number, field: keyof Limits): string {
  return `at most ${limit}: make several Services of it, or raise limits.${field}`
}

/** A field, and the number of its entries. */
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
