import { claimsOf, distinct, NOTHING_AGAINST } from '../../frontend/claims.ts'
import { type Denial, winnerOf } from '../../frontend/denials.ts'
import { localEndpoints } from '../../frontend/local-endpoints.ts'
import { frontendText } from '../../model/frontend-id.ts'
import type { Settings } from '../../model/node.ts'
import type { ServiceObject, SliceObject } from '../../model/service.ts'
import { type ServiceName, serviceName } from '../../model/service-name.ts'
import type { ObjectStore } from '../../watch/object-store.ts'
import type { DeniedAddress, ServiceSummary } from './status.ts'

interface Denials {
  /** Returns what a Service does not get. */
  of(service: ServiceName): readonly Denial[]
}

/**
 * Returns the Services as `nodelb status` lists them, sorted by name; none before a backend was
 * started.
 */
export function serviceSummaries(
  settings: Settings | undefined,
  node: string,
  store: ObjectStore,
  denials: Denials,
): readonly ServiceSummary[] {
  if (settings === undefined) return []
  const found = store.cluster().services.map((service): ServiceSummary => {
    const name = serviceName(service)
    const slices = store.slicesOf(name)
    return {
      service: name,
      ...addressesOf(service, settings, denials),
      origin: service.addressOrigin ?? null,
      endpoints: readyEndpoints(slices),
      localEndpoints: localEndpoints(slices, node),
      localPolicies: localPoliciesOf(service, settings),
    }
  })
  return found.sort((a, b) => (a.service < b.service ? -1 : 1))
}

/** Returns the addresses that a Service asks for, apart those that it has and those it has not. */
function addressesOf(
  service: ServiceObject,
  settings: Settings,
  denials: Denials,
): Pick<ServiceSummary, 'addresses' | 'denied'> {
  const denied = new Map(
    denials.of(serviceName(service)).map((denial): [string, DeniedAddress] => {
      const state = winnerOf(denial) === undefined ? 'refused' : 'contested'
      return [denial.key, { address: frontendText(denial.key), state }]
    }),
  )
  const claims = distinct(claimsOf(service, settings, () => NOTHING_AGAINST))
  const served = claims.filter(({ key }) => !denied.has(key))
  return { addresses: served.map(({ key }) => frontendText(key)), denied: [...denied.values()] }
}

/** The internal policy is about ClusterIPs, which are kube-proxy's in scope `load-balancer`. */
function localPoliciesOf(
  { externalPolicy, internalPolicy }: ServiceObject,
  { scope }: Settings,
): ServiceSummary['localPolicies'] {
  return [
    ...(externalPolicy === 'local' ? (['externalTrafficPolicy'] as const) : []),
    ...(internalPolicy === 'local' && scope === 'all' ? (['internalTrafficPolicy'] as const) : []),
  ]
}

/** Counts each pod once: of two families, the one with more endpoints counts. */
function readyEndpoints(slices: readonly SliceObject[]): number {
  const found = { ipv4: new Set<string>(), ipv6: new Set<string>() }
  for (const { family, endpoints } of slices) {
    for (const { address, ready } of endpoints) if (ready) found[family].add(address)
  }
  return Math.max(found.ipv4.size, found.ipv6.size)
}
