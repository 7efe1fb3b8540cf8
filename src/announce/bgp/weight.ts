import type { IpFamily } from '../../model/address.ts'
import type { AnnouncedService, ServingEndpoints } from '../objects.ts'

/** Returns the weight of the routes of a Service; undefined for none. */
export type WeightOf = (service: AnnouncedService, family: IpFamily) => number | undefined

/** What FRR takes in `set extcommunity bandwidth` (bgp_routemap.c), in Mbit/s. */
const MOST = 25_600

/**
 * Returns a function that counts the endpoints that a node has for a Service with externalTrafficPolicy
 * Local, those of the address's family, each once. Other Services get the same share everywhere: whichever
 * node has their traffic, it goes to all endpoints.
 */
export function endpointWeights(endpoints: readonly ServingEndpoints[], node: string): WeightOf {
  const found = new Map<string, Set<string>>()
  for (const { service, hosted } of endpoints) {
    const known = found.get(service) ?? new Set()
    for (const address of hosted?.get(node) ?? []) known.add(address)
    found.set(service, known)
  }
  return ({ name, local }, family) => {
    if (!local) return undefined
    const own = [...(found.get(name) ?? [])]
    return own.filter((address) => address.includes(':') === (family === 'ipv6')).length
  }
}

/**
 * Joins the weights of the Services behind one route. Where one of them has none the route has none: the
 * others say nothing about its traffic.
 */
export function joinedWeight(weights: readonly (number | undefined)[]): number | undefined {
  let sum = 0
  for (const weight of weights) {
    if (weight === undefined) return undefined
    sum += weight
  }
  // A node that announces an address gets a part of its traffic.
  return Math.min(MOST, Math.max(1, sum))
}
