import { type PodName, parties, podAddresses } from './topology.ts'

// A Service of both families, TCP and UDP, as packet tests change it.

export const WEB = {
  loadBalancer: ['203.0.113.10:80', '[2001:db8:100::10]:80'],
  cluster: ['10.96.0.10:80', '[fd00:10:96::10]:80'],
} as const

export const webNode: object = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-a' },
  spec: { podCIDRs: ['10.244.1.0/24', 'fd00:10:244:1::/64'] },
  status: {
    addresses: ['192.0.2.1', '2001:db8:1::1'].map((address) => ({ type: 'InternalIP', address })),
  },
}

/** `fields` go into its spec. */
export function webService(fields: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'default', name: 'web' },
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.10',
      clusterIPs: ['10.96.0.10', 'fd00:10:96::10'],
      ipFamilies: ['IPv4', 'IPv6'],
      ports: ['TCP', 'UDP'].map((protocol) => ({
        name: protocol.toLowerCase(),
        protocol,
        port: 80,
        targetPort: 8080,
      })),
      ...fields,
    },
    status: { loadBalancer: { ingress: ['203.0.113.10', '2001:db8:100::10'].map(ingress) } },
  }
}

/** Pods that end (terminating, still serving) are listed beside those that serve. */
export function webSlices(pods: readonly PodName[], ending: readonly PodName[] = []): object[] {
  return [slice('IPv4', pods, ending), slice('IPv6', pods, ending)]
}

export function webObjects(pods: readonly PodName[]): object[] {
  return [webNode, webService(), ...webSlices(pods)]
}

export function list(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
}

const ENDING = { ready: false, serving: true, terminating: true }

function ingress(ip: string): object {
  return { ip, ipMode: 'VIP' }
}

function slice(
  addressType: 'IPv4' | 'IPv6',
  pods: readonly PodName[],
  ending: readonly PodName[],
): object {
  const endpoint = (pod: PodName, conditions: object): object => ({
    addresses: [podAddresses[pod][addressType === 'IPv4' ? 0 : 1]],
    conditions,
    nodeName: parties[pod].namespace === 'remote' ? 'node-b' : 'node-a',
  })
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: 'default',
      name: `web-${addressType.toLowerCase()}`,
      labels: { 'kubernetes.io/service-name': 'web' },
    },
    addressType,
    ports: ['TCP', 'UDP'].map((protocol) => ({
      name: protocol.toLowerCase(),
      protocol,
      port: 8080,
    })),
    endpoints: [
      ...pods.map((pod) => endpoint(pod, { ready: true })),
      ...ending.map((pod) => endpoint(pod, ENDING)),
    ],
  }
}
