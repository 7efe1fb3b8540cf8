import type { Address, Cidr, Port } from '../../src/model/address.ts'
import { nftablesBackend } from '../../src/model/backend.ts'
import type { NodeView, Settings } from '../../src/model/node.ts'
import type { ServiceObject, SliceObject } from '../../src/model/service.ts'

// One Service in a shop, for tests that say of what they are about only what is special.

export const shopNode: NodeView = {
  name: 'node-a',
  zone: undefined,
  addresses: ['192.0.2.1' as Address],
  podCidrs: ['10.244.1.0/24' as Cidr],
}

export const shopSettings: Settings = {
  scope: 'all',
  target: 'pods',
  localTraffic: { kind: 'ranges', ranges: shopNode.podCidrs },
  nodePortAddresses: { kind: 'primary' },
  masqueradeAll: false,
  masqueradeBit: 14,
  serviceRanges: [],
  backend: nftablesBackend,
}

/** A Service with the load-balancer address 203.0.113.10 and port 80. */
export function shopService(name: string, special: Partial<ServiceObject> = {}): ServiceObject {
  return {
    namespace: 'shop',
    name,
    created: '2026-01-01T00:00:00Z',
    clusterAddresses: [],
    externalAddresses: [],
    loadBalancerAddresses: ['203.0.113.10' as Address],
    sourceRanges: [],
    internalPolicy: 'cluster',
    externalPolicy: 'cluster',
    affinity: { kind: 'none' },
    healthCheckPort: undefined,
    ports: [{ name: '', protocol: 'tcp', port: 80 as Port, nodePort: undefined }],
    ...special,
  }
}

/** The slice of a Service with these pods, which are ready and on this node. */
export function shopSlice(service: string, pods: readonly string[]): SliceObject {
  return {
    namespace: 'shop',
    name: `${service}-1`,
    service,
    family: 'ipv4',
    ports: [{ name: '', protocol: 'tcp', port: 8080 as Port }],
    endpoints: pods.map((address) => ({
      address: address as Address,
      nodeName: 'node-a',
      ready: true,
      serving: true,
      terminating: false,
      zones: undefined,
      nodes: undefined,
    })),
  }
}
