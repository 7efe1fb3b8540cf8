// biome-ignore lint/suspicious/noExplicitAny: a Kubernetes object
type Manifest = any

/** Pools that have room for all Services in both families. */
export const pools: readonly Manifest[] = [
  {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: {
      namespace: 'kube-system',
      name: 'production',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: { addresses: ['10.64.0.0/16', '2001:db8::/64'] },
  },
]

/** A Node as the API server has it, with an address of each family. */
export function node(index: number): Manifest {
  const conditions = [{ type: 'Ready', status: 'True' }]
  const addresses = [`172.16.${index >> 8}.${index & 255}`, `fd00:172:16::${index.toString(16)}`]
  return {
    metadata: { name: `node-${index}` },
    status: {
      conditions,
      addresses: addresses.map((address) => ({ type: 'InternalIP', address })),
    },
  }
}

/** A Service of type LoadBalancer that asks for nothing but both families. */
export function balancedService(index: number): Manifest {
  const name = `service-${index}`
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name, labels: { app: name } },
    spec: {
      type: 'LoadBalancer',
      ipFamilyPolicy: 'RequireDualStack',
      selector: { app: name },
      // Of its own, so that all may have the same addresses of Nodes.
      ports: [{ protocol: 'TCP', port: 20_000 + index, targetPort: 8080 }],
    },
  }
}

/** The same as the API server has it, without an address and with what it adds itself. */
export function storedService(index: number): Manifest {
  const service = balancedService(index)
  const high = (index >> 8) & 255
  return {
    ...service,
    metadata: {
      ...service.metadata,
      uid: `0f3c2a34-6d5e-4f7b-9c1d-${String(index).padStart(12, '0')}`,
      resourceVersion: String(1000 + index),
      creationTimestamp: new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString(),
    },
    spec: {
      ...service.spec,
      clusterIP: `10.96.${high}.${index & 255}`,
      clusterIPs: [`10.96.${high}.${index & 255}`, `fd00:10:96::${index.toString(16)}`],
      ipFamilies: ['IPv4', 'IPv6'],
      externalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      allocateLoadBalancerNodePorts: true,
    },
    status: { loadBalancer: {} },
  }
}
