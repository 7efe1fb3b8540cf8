import type { ServiceObject, SliceObject } from '../../src/model/service.ts'
import { makeCluster, makeSlices, node, type Size, usualCount } from './cluster.ts'

/** A Kubernetes object; what the agent does not read is in it too. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string } & Readonly<Record<string, unknown>>
  readonly spec?: Readonly<Record<string, unknown>>
  readonly status?: object
  /** Of an EndpointSlice. */
  readonly addressType?: string
  readonly ports?: readonly object[]
  readonly endpoints?: readonly object[]
}

export interface Manifests {
  readonly services: readonly Manifest[]
  readonly slices: readonly Manifest[]
}

export function makeManifests(size: Size): Manifests {
  const { services, slices } = makeCluster(size)
  return { services: services.map(serviceManifest), slices: slices.map(sliceManifest) }
}

/** The slice of a Service in which another pod has taken the last one's place. */
export function replacedSlice(size: Size, index: number, fresh: number): Manifest {
  const [slice] = makeSlices(size, index, usualCount(size, index), fresh)
  if (slice === undefined) throw new Error(`no slice of service ${index}`)
  return sliceManifest(slice)
}

export const nodeManifest: Manifest = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: node.name },
  spec: { podCIDR: '100.0.0.0/24', podCIDRs: ['100.0.0.0/24'] },
  status: { addresses: node.addresses.map((address) => ({ type: 'InternalIP', address })) },
}

function serviceManifest(service: ServiceObject): Manifest {
  const { namespace, name, clusterAddresses, loadBalancerAddresses, ports } = service
  const external = loadBalancerAddresses.length > 0
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name, labels: labels(name), creationTimestamp: service.created },
    spec: {
      type: external ? 'LoadBalancer' : 'ClusterIP',
      clusterIP: clusterAddresses[0],
      clusterIPs: clusterAddresses,
      selector: labels(name),
      ports: ports.map(({ protocol, port, nodePort }) => ({
        protocol: protocol.toUpperCase(),
        port,
        targetPort: 8080,
        ...(nodePort !== undefined && { nodePort }),
      })),
    },
    status: {
      loadBalancer: external ? { ingress: loadBalancerAddresses.map((ip) => ({ ip })) } : {},
    },
  }
}

function sliceManifest(slice: SliceObject): Manifest {
  const { namespace, name, service, family, ports, endpoints } = slice
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace,
      name,
      labels: {
        ...labels(service),
        'kubernetes.io/service-name': service,
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      },
    },
    addressType: family === 'ipv4' ? 'IPv4' : 'IPv6',
    ports: ports.map(({ name, protocol, port }) => ({
      name,
      protocol: protocol.toUpperCase(),
      port,
    })),
    endpoints: endpoints.map(({ address, nodeName, ready, serving, terminating }, at) => ({
      addresses: [address],
      conditions: { ready, serving, terminating },
      nodeName,
      targetRef: { kind: 'Pod', namespace, name: `${service}-5d4f8c7b9d-${at}` },
    })),
  }
}

function labels(name: string): object {
  return { app: name, 'app.kubernetes.io/part-of': 'shop' }
}
