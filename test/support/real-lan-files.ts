/** The objects and the configuration of a LAN of nodes. */

export interface LanOptions {
  /** The names of the Nodes. */
  readonly nodes: readonly string[]
  /** How many Services there are, each with an address of both families. */
  readonly services: number
  /** The number of the first machine and of the first Service, where two clusters share a LAN. */
  readonly first?: { readonly machine: number; readonly service: number }
  /** Where the agents have their objects from, as arguments; a file that is written if not given. */
  readonly source?: readonly string[]
  /** Makes of a command one that has less rights. */
  readonly confine?: (command: readonly string[]) => readonly string[]
  /** Fields of the configuration besides `announce`, such as `backend`. */
  readonly configuration?: object
  /** Fields of kube-proxy's configuration, such as `ipvs`. */
  readonly proxy?: object
  /** Fields of announce.layer2 besides those that a LAN needs, such as how long `hold` is. */
  readonly layer2?: object
  /** Fields of announce.layer2.members besides the key, such as `interval` and `timeout`. */
  readonly members?: object
}

export const FIRST: NonNullable<LanOptions['first']> = { machine: 1, service: 0 }

/** Returns the address of a Service, by its number from 0. */
export function lanAddress(service: number, family: 'ipv4' | 'ipv6' = 'ipv4'): string {
  if (family === 'ipv6') return `2001:db8:1::1:${(service + 1).toString(16)}`
  return `192.0.${2 + ((service + 100) >> 8)}.${(service + 100) & 255}`
}

export function configurationOf(
  { configuration, proxy, layer2, members }: LanOptions,
  keyFile: string,
  enabled: boolean,
): string {
  const ours = {
    apiVersion: 'nodelb.io/v1alpha1',
    kind: 'NodelbConfiguration',
    ...configuration,
    announce: { layer2: { enabled, settle: '1s', ...layer2, members: { ...members, keyFile } } },
  }
  const apiVersion = 'kubeproxy.config.k8s.io/v1alpha1'
  const theirs = { apiVersion, kind: 'KubeProxyConfiguration', ...proxy }
  const documents = proxy === undefined ? [ours] : [ours, theirs]
  return documents.map((each) => JSON.stringify(each)).join('\n---\n')
}

/** Returns a List; the Nodes in `left` have the label that takes them out of load balancing. */
export function clusterOf(
  { nodes, services, first = FIRST }: LanOptions,
  left: readonly string[],
  more: readonly number[] = [],
): string {
  const numbers = [...Array.from({ length: services }, (_, at) => first.service + at), ...more]
  const items = [
    ...nodes.map((name, at) => node(name, first.machine + at, left.includes(name))),
    ...announcing,
    ...numbers.flatMap((number) => service(number)),
  ]
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
}

function node(name: string, number: number, isLeft: boolean): object {
  const labels = isLeft ? { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } : {}
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    status: { addresses: [{ type: 'InternalIP', address: `192.0.2.${number}` }] },
  }
}

const announcing: readonly object[] = [
  {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { namespace: 'metallb-system', name: 'lan' },
    spec: { addresses: ['192.0.2.100-192.0.7.254', '2001:db8:1::1:0/112'] },
  },
  {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'L2Advertisement',
    metadata: { namespace: 'metallb-system', name: 'lan' },
    spec: { ipAddressPools: ['lan'] },
  },
]

function service(at: number): readonly object[] {
  const name = `web-${at}`
  const addresses = [lanAddress(at), lanAddress(at, 'ipv6')]
  const clusterIPs = [`10.96.${at >> 8}.${at & 255}`, `fd00:10:96::${(at + 1).toString(16)}`]
  const slice = (family: string, address: string): object => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    addressType: family,
    metadata: {
      ...{ namespace: 'shop', name: `${name}-${family.toLowerCase()}` },
      labels: { 'kubernetes.io/service-name': name },
    },
    ports: [{ port: 8080 }],
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  })
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        ...{ namespace: 'shop', name },
        annotations: { 'metallb.io/loadBalancerIPs': addresses.join(',') },
      },
      spec: {
        ...{ type: 'LoadBalancer', ports: [{ port: 80, targetPort: 8080 }] },
        ...{ ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' },
        ...{ clusterIP: clusterIPs[0], clusterIPs },
      },
      status: { loadBalancer: { ingress: addresses.map((ip) => ({ ip })) } },
    },
    slice('IPv4', '10.244.0.10'),
    slice('IPv6', 'fd00:10:244::10'),
  ]
}
