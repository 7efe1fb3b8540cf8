import { familyOf, type IpFamily } from './address.ts'
import type { ServiceObject, SliceObject } from './service.ts'

/** How much Services may ask for; one that asks for more is refused as a whole. */
export interface Limits {
  /** Addresses of all kinds times ports, and node ports. */
  readonly claimsPerService: number
  /** What these take in the kernel: see `ServiceSize`. */
  readonly entriesPerService: number
  /** Of all Services of one namespace together. */
  readonly entriesPerNamespace: number
}

/**
 * A Service of 5,000 endpoints and 2 ports takes 20,016 entries for a ClusterIP and node ports, and
 * 90,000 with seven addresses of two families. What takes most memory for an entry are claims with one
 * endpoint each: the agent stays below 1 GiB with a namespace full of them.
 */
export const defaultLimits: Limits = {
  claimsPerService: 4_096,
  entriesPerService: 262_144,
  entriesPerNamespace: 1_572_864,
}

export interface ServiceSize {
  readonly claims: number
  /**
   * Four for each claim, one for each endpoint that it may lead to, and one for each source range of a
   * load-balancer address: the elements of a claim take as much memory as those of four endpoints.
   */
  readonly entries: number
  /** As the slices list them, ready or not. */
  readonly endpoints: number
}

/** Entries of a claim beside its endpoints. */
const OF_CLAIM = 4

const FAMILIES: readonly IpFamily[] = ['ipv4', 'ipv6']

/** Counted from above: what stands twice counts twice. */
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

/** By family, protocol and name of the port, how many endpoints there are. */
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
