import type { Address, IpFamily, Port } from '../../src/model/address.ts'
import { nftablesBackend } from '../../src/model/backend.ts'
import type { NodeView, Settings } from '../../src/model/node.ts'
import type { Cluster, ServiceObject, SliceObject } from '../../src/model/service.ts'

/** How large a made-up cluster is. */
export interface Size {
  readonly services: number
  /** Of each Service; every hundredth has one more, so that this count is in use as well. */
  readonly endpoints: number
  readonly dualStack: boolean
  /** Without: ClusterIPs only. */
  readonly external: boolean
}

export const node: NodeView = {
  name: 'node-a',
  zone: undefined,
  addresses: ['192.0.2.1', '2001:db8:1::1'] as Address[],
  podCidrs: [],
}

export const settings: Settings = {
  scope: 'all',
  target: 'pods',
  localTraffic: { kind: 'ranges', ranges: ['100.0.0.0/7', 'fd00:100::/31'] as never[] },
  nodePortAddresses: { kind: 'primary' },
  masqueradeAll: false,
  masqueradeBit: 14,
  serviceRanges: [],
  backend: nftablesBackend,
}

export function makeCluster(size: Size): Cluster {
  const services: ServiceObject[] = []
  const slices: SliceObject[] = []
  for (let index = 0; index < size.services; index++) {
    services.push(makeService(size, index))
    slices.push(...makeSlices(size, index, usualCount(size, index)))
  }
  return { services, slices }
}

/** Service numbers ending in 50 have the one endpoint more. */
export function usualCount(size: Size, index: number): number {
  return size.endpoints + (index % 100 === 50 ? 1 : 0)
}

/** The slices of a Service, one a family; with `fresh`, another pod has taken the last one's place. */
export function makeSlices(
  size: Size,
  index: number,
  count: number,
  fresh?: number,
): readonly SliceObject[] {
  return familiesOf(size).map((family) => ({
    namespace: 'shop',
    name: `service-${index}-${family}`,
    service: `service-${index}`,
    family,
    ports: [{ name: '', protocol: 'tcp', port: 8080 as Port }],
    endpoints: Array.from({ length: count }, (_, k) => {
      const pod = index * (size.endpoints + 2) + k
      const replaced = fresh !== undefined && k === count - 1
      return {
        address: replaced ? makeAddress(family, 101, fresh) : makeAddress(family, 100, pod),
        // A node holds some hundred pods, whatever the size of the cluster.
        nodeName: pod % 100 === 0 ? 'node-a' : 'node-b',
        ready: true,
        serving: true,
        terminating: false,
        zones: undefined,
        nodes: undefined,
      }
    }),
  }))
}

function makeService(size: Size, index: number): ServiceObject {
  const addresses = (base: number) =>
    familiesOf(size).map((family) => makeAddress(family, base, index))
  return {
    namespace: 'shop',
    name: `service-${index}`,
    created: '2026-01-01T00:00:00Z',
    clusterAddresses: addresses(10),
    externalAddresses: [],
    loadBalancerAddresses: size.external ? addresses(20) : [],
    sourceRanges: [],
    internalPolicy: 'cluster',
    externalPolicy: 'cluster',
    healthCheckPort: undefined,
    affinity: { kind: 'none' },
    ports: [
      {
        name: '',
        protocol: 'tcp',
        port: 80 as Port,
        nodePort: size.external ? ((1024 + index) as Port) : undefined,
      },
    ],
  }
}

function familiesOf(size: Size): readonly IpFamily[] {
  return size.dualStack ? ['ipv4', 'ipv6'] : ['ipv4']
}

/** The address with this number in a range of its own: 10.0.0.0/8, fd00:10::/96 and so on. */
export function makeAddress(family: IpFamily, base: number, index: number): Address {
  const number = index + 1
  if (family === 'ipv4') {
    return `${base}.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}` as Address
  }
  const high = number >> 16
  const low = (number & 0xffff).toString(16)
  return `fd00:${base}::${high === 0 ? '' : `${high.toString(16)}:`}${low}` as Address
}
