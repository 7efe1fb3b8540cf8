import { claimsOf, distinct, NOTHING_AGAINST } from '../../frontend/claims.ts'
import { frontendText } from '../../model/frontend-id.ts'
import type { Settings } from '../../model/node.ts'
import type { SliceObject } from '../../model/service.ts'
import type { ObjectStore } from '../../watch/object-store.ts'
import type { ServiceSummary } from './status.ts'

/**
 * Returns the Services as `nodelb status` lists them, sorted by name; none before a backend was
 * started.
 */
export function serviceSummaries(
  store: ObjectStore,
  settings: Settings | undefined,
): readonly ServiceSummary[] {
  if (settings === undefined) return []
  const found = store.cluster().services.map((service) => {
    const name = `${service.namespace}/${service.name}`
    const claims = distinct(claimsOf(service, settings, () => NOTHING_AGAINST))
    const addresses = claims.map(({ key }) => frontendText(key))
    const origin = service.addressOrigin ?? null
    return { service: name, addresses, origin, endpoints: readyEndpoints(store.slicesOf(name)) }
  })
  return found.sort((a, b) => (a.service < b.service ? -1 : 1))
}

/** Counts each pod once: of two families, the one with more endpoints counts. */
function readyEndpoints(slices: readonly SliceObject[]): number {
  const found = { ipv4: new Set<string>(), ipv6: new Set<string>() }
  for (const { family, endpoints } of slices) {
    for (const { address, ready } of endpoints) if (ready) found[family].add(address)
  }
  return Math.max(found.ipv4.size, found.ipv6.size)
}
