import { familyOf, type IpFamily } from './address.ts'
import type { ServiceObject, SliceObject } from './service.ts'

/** How much Services may ask for; a Service that asks for more is refused as a whole. */
export interface Limits {
  /** The most claims of one Service: addresses of all kinds times ports, and node ports. */
  readonly claimsPerService: number
  /** The most entries of one Service; `ServiceSize` says what an entry is. */
  readonly entriesPerService: number
  /** The most entries of all Services of one namespace together. */
  readonly entriesPerNamespace: number
}

/**
 * A Service with 5,000 endpoints and 2 ports takes 20,016 entries for a ClusterIP and node ports,
 * and 90,000 with seven addresses of two families. Claims with one endpoint each take the most
 * memory for an entry: the agent stays below 1 GiB with a namespace full of them.
 */
export const defaultLimits: Limits = {
  claimsPerService: 4_096,
  entriesPerService: 262_144,
  entriesPerNamespace: 1_572_864,
}

export interface ServiceSize {
  readonly claims: number
  /**
   * Four for each claim, one for each endpoint that it may lead to, and one for each source range
   * of a load-balancer address: the elements of a claim take as much memory as those of four
   * endpoints.
   */
  readonly entries: number
  /** The number of endpoints in the slices, ready or not. */
  readonly endpoints: number
}

/** The entries that a claim takes beside those for its endpoints. */
const OF_CLAIM = 4

const FAMILIES: readonly IpFamily[] = ['ipv4', 'ipv6']

/** Returns an upper bound of the size: what is listed twice counts twice. */
export function sizeOf(service: ServiceObject, slices: readonly SliceObject[]): ServiceSize {
  const { ports } = service
  const claims =
    addressesOf(service).length * ports.length +
    ports.filter(({ nodePort }) => nodePort !== undefined).length
  const endpoints = slices.reduce((sum, slice) => sum + slice.endpoints.length, 0)
  const offered = offeredBy(slices)
  const entries = FAMILIES.reduce((sum, family) => sum + entriesIn(family, service, offered), 0)
  return { claims, entries, endpoints }
}

function addressesOf(service: ServiceObject) {
  const { clusterAddresses, externalAddresses, loadBalancerAddresses } = service
  return [...clusterAddresses, ...externalAddresses, ...loadBalancerAddresses]
}

/** Returns the number of endpoints by family, protocol and port name. */
function offeredBy(slices: readonly SliceObject[]): ReadonlyMap<string, number> {
  const offered = new Map<string, number>()
  for (const { family, ports, endpoints } of slices) {
    for (const { protocol, name } of ports) {
      const id = `${family} ${protocol} ${name}`
      offered.set(id, (offered.get(id) ?? 0) + endpoints.length)
    }
  }
  return offered
}

function entriesIn(
  family: IpFamily,
  service: ServiceObject,
  offered: ReadonlyMap<string, number>,
): number {
  const inFamily = (each: Parameters<typeof familyOf>[0]): boolean => familyOf(each) === family
  const addresses = addressesOf(service).filter(inFamily).length
  const ranges =
    service.loadBalancerAddresses.filter(inFamily).length *
    service.sourceRanges.filter(inFamily).length
  return service.ports.reduce((sum, { protocol, name, nodePort }) => {
    const claims = addresses + (nodePort === undefined ? 0 : 1)
    return sum + claims * (OF_CLAIM + (offered.get(`${family} ${protocol} ${name}`) ?? 0)) + ranges
  }, 0)
}
