import { parties, podAddresses } from '../support/topology.ts'

export type Protocol = 'TCP' | 'UDP' | 'SCTP'
export type ServiceType = 'ClusterIP' | 'NodePort' | 'LoadBalancer'
export type Policy = 'Cluster' | 'Local'

/** An object as a source is told it; EndpointSlices and Services are in namespace default. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: 'Service' | 'EndpointSlice' | 'Node'
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly status?: object
  readonly [field: string]: unknown
}

export interface PortShape {
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
}

export interface ServiceShape {
  /** Gives it its name, its ClusterIPs and its node ports. */
  readonly index: number
  readonly type: ServiceType
  readonly dualStack: boolean
  readonly ports: readonly PortShape[]
  readonly externalPolicy: Policy
  readonly internalPolicy: Policy
  /** Seconds; undefined: none. */
  readonly affinity: number | undefined
  readonly externalIPs: readonly string[]
  readonly sourceRanges: readonly string[]
  readonly ingress: readonly string[]
}

export interface EndpointShape {
  readonly v4: string
  readonly v6: string
  readonly node: string
  readonly conditions: object
  readonly zones: readonly string[]
}

export interface SliceShape {
  readonly name: string
  readonly family: 'IPv4' | 'IPv6'
  /** The name of the Service. */
  readonly service: string
  readonly ports: readonly { readonly port: PortShape; readonly target: number }[]
  readonly endpoints: readonly EndpointShape[]
}

/** Addresses of the Service that is always served; no other asks for them. */
export const SENTINEL = { v4: '203.0.113.100', v6: '2001:db8:100::64', port: 80 } as const
export const NODE = 'node-a'

/** Some names are as long as names may be. */
export function serviceName(index: number): string {
  const name = `w${index}`
  return index % 10 === 9 ? name.padEnd(63, 'x') : name
}

export function serviceManifest(shape: ServiceShape): Manifest {
  const { index, type, ports, affinity, externalIPs, dualStack } = shape
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: serviceName(index) },
    spec: {
      type,
      ...clusterAddresses(index, dualStack),
      ports: ports.map(({ name, protocol, port }, at) => ({
        name,
        protocol,
        port,
        // The API server keeps each node port for one Service.
        ...(type !== 'ClusterIP' && { nodePort: 30_000 + index * 8 + at }),
      })),
      ...policies(shape),
      internalTrafficPolicy: shape.internalPolicy,
      ...(externalIPs.length > 0 && { externalIPs }),
      ...(affinity !== undefined && {
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: affinity } },
      }),
    },
    ...(type === 'LoadBalancer' && {
      status: { loadBalancer: { ingress: shape.ingress.map((ip) => ({ ip })) } },
    }),
  }
}

/** The API server refuses what belongs to another type. */
function policies({ index, type, externalPolicy, sourceRanges }: ServiceShape): object {
  if (type === 'ClusterIP') return {}
  const balanced = type === 'LoadBalancer'
  return {
    externalTrafficPolicy: externalPolicy,
    ...(balanced && externalPolicy === 'Local' && { healthCheckNodePort: 31_000 + index }),
    ...(balanced && sourceRanges.length > 0 && { loadBalancerSourceRanges: sourceRanges }),
  }
}

function clusterAddresses(index: number, dualStack: boolean): object {
  const v4 = `10.96.1.${index}`
  if (!dualStack) {
    return { clusterIP: v4, clusterIPs: [v4], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }
  }
  return {
    clusterIP: v4,
    clusterIPs: [v4, `fd00:10:96::${(0x100 + index).toString(16)}`],
    ipFamilies: ['IPv4', 'IPv6'],
    ipFamilyPolicy: 'RequireDualStack',
  }
}

export function sliceManifest({ name, family, service, ports, endpoints }: SliceShape): Manifest {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, labels: { 'kubernetes.io/service-name': service } },
    addressType: family,
    ports: ports.map(({ port: { name, protocol }, target }) => ({ name, protocol, port: target })),
    endpoints: endpoints.map(({ v4, v6, node, conditions, zones }) => ({
      addresses: [family === 'IPv4' ? v4 : v6],
      nodeName: node,
      conditions,
      ...(zones.length > 0 && { hints: { forZones: zones.map((zone) => ({ name: zone })) } }),
    })),
  }
}

export function nodeManifest(zone: string): Manifest {
  const addresses = ['192.0.2.1', '2001:db8:1::1'].map((address) => {
    return { type: 'InternalIP', address }
  })
  const podCIDRs = ['10.244.1.0/24', 'fd00:10:244:1::/64']
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: NODE, labels: { 'topology.kubernetes.io/zone': zone } },
    spec: { podCIDR: podCIDRs[0], podCIDRs },
    status: { addresses },
  }
}

/** The Service that is always served, by every pod of the lab. */
export function sentinelManifests(): readonly Manifest[] {
  const ports = [{ name: 'p0', protocol: 'TCP' as const, port: SENTINEL.port }]
  const service = serviceManifest({
    index: 250,
    type: 'LoadBalancer',
    dualStack: true,
    ports,
    externalPolicy: 'Cluster',
    internalPolicy: 'Cluster',
    affinity: undefined,
    externalIPs: [],
    sourceRanges: [],
    ingress: [SENTINEL.v4, SENTINEL.v6],
  })
  const slices = (['IPv4', 'IPv6'] as const).map((family) =>
    sliceManifest({
      name: `sentinel-${family.toLowerCase()}`,
      family,
      service: serviceName(250),
      ports: ports.map((port) => ({ port, target: 8080 })),
      endpoints: PODS.map((pod) => ({ ...pod, conditions: { ready: true }, zones: [] })),
    }),
  )
  return [service, ...slices]
}

/** The pods of the lab, which answer at 8080 and 9090. */
export const PODS: readonly Pick<EndpointShape, 'v4' | 'v6' | 'node'>[] = (
  ['pod-a', 'pod-b', 'pod-c', 'pod-d', 'pod-e'] as const
).map((pod) => {
  const [v4, v6] = podAddresses[pod]
  return { v4, v6, node: parties[pod].namespace === 'remote' ? 'node-b' : NODE }
})
