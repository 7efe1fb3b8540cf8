import type { ServiceSummary } from '../../report/status/status.ts'

/** Returns one line about a Service. */
export function printService(summary: ServiceSummary): string {
  const { service, addresses, denied, origin, localPolicies } = summary
  const asked = [...addresses, ...denied.map(({ address, state }) => `${address} (${state})`)]
  return [
    `${service}: ${asked.join(' ') || 'no address'}`,
    ...endpointsOf(summary),
    ...localPolicies.map((policy) => `${policy} Local`),
    ...(origin?.pool === undefined ? [] : [`address of pool ${origin.pool}`]),
  ].join(', ')
}

function endpointsOf(summary: ServiceSummary): readonly string[] {
  const { addresses, endpoints, localEndpoints, localPolicies } = summary
  // Nobody is answered there, which is easily overlooked among other numbers.
  if (endpoints === 0 && addresses.length > 0) return ['NO READY ENDPOINTS']
  const count = endpoints === 1 ? '1 endpoint' : `${endpoints} endpoints`
  return localPolicies.length === 0 ? [count] : [count, `${localEndpoints} of them here`]
}
