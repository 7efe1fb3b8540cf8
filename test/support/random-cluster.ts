import fc from 'fast-check'
import type { Address, Cidr, Port } from '../../src/model/address.ts'
import { nftablesBackend } from '../../src/model/backend.ts'
import type { NodePortAddresses, NodeView, Settings } from '../../src/model/node.ts'
import type { Cluster, ServiceObject, SliceObject } from '../../src/model/service.ts'

const address = (text: string): Address => text as Address
const port = (value: number): Port => value as Port

export const node: NodeView = {
  name: 'node-a',
  zone: 'zone-1',
  addresses: [address('192.0.2.1'), address('2001:db8:1::1')],
  podCidrs: ['10.244.1.0/24' as Cidr, 'fd00:10:244:1::/64' as Cidr],
}

export const settings: fc.Arbitrary<Settings> = fc.record({
  scope: fc.constantFrom('all', 'load-balancer'),
  target: fc.constantFrom('pods', 'pods', 'pods', 'cluster-ip'),
  localTraffic: fc.constantFrom(
    { kind: 'none' as const },
    { kind: 'ranges' as const, ranges: node.podCidrs },
    { kind: 'interface' as const, name: 'cni0' },
  ),
  nodePortAddresses: fc.constantFrom<NodePortAddresses[]>(
    { kind: 'primary' },
    { kind: 'all' },
    { kind: 'ranges', ranges: ['198.51.100.0/24' as Cidr], wholeFamilies: ['ipv6'] },
    { kind: 'ranges', ranges: ['2001:db8:1::/64' as Cidr], wholeFamilies: [] },
  ),
  masqueradeAll: fc.boolean(),
  masqueradeBit: fc.constantFrom(14, 0, 31),
  serviceRanges: fc.constantFrom([], ['10.96.0.0/16' as Cidr]),
  externalIps: fc.constantFrom(
    undefined,
    { allow: undefined, nodeAddresses: false },
    { allow: ['203.0.113.4/32', '192.0.2.0/24', '2001:db8::/32'] as Cidr[], nodeAddresses: true },
  ),
  protectedPorts: fc.constantFrom(undefined, [443]),
  meterServices: fc.constantFrom(undefined, true),
  backend: fc.constant(nftablesBackend),
})

/** Few names, addresses and ports, so that Services meet, compete and share pods. */
export const names: readonly string[] = [
  'web',
  'api',
  `${'long-'.repeat(12)}dns`,
  `${'long-'.repeat(12)}xdb`,
]
/** With the long names more than a comment of the kernel holds; those differ at the end alone. */
export const namespace: string = `${'tenant-'.repeat(8)}payment`
const policy = fc.constantFrom('cluster' as const, 'local' as const)

export const service: fc.Arbitrary<ServiceObject> = fc
  .record({
    name: fc.integer({ min: 0, max: names.length - 1 }),
    created: fc.constantFrom('', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
    families: fc.constantFrom('4', '6', '46'),
    vips: fc.subarray([1, 2, 3]),
    external: fc.subarray([1, 4]),
    // Addresses that are not a Service's to ask for: the node's, and another one's ClusterIP.
    greedy: fc.constantFrom('', '', 'node', 'cluster'),
    sourceRanges: fc.subarray(['10.0.0.0/8', '10.1.0.0/16', '192.0.2.0/24', '2001:db8::/32']),
    rangesUnread: fc.constantFrom(false, false, false, true),
    internalPolicy: policy,
    externalPolicy: policy,
    seconds: fc.constantFrom(0, 0, 0, 60, 10800),
    ports: fc.subarray([80, 443, 53, 30000], { minLength: 1 }),
    nodePort: fc.constantFrom(0, 30000, 30001),
  })
  .map((seed) => {
    const both = (v4: string, v6: string): Address[] => [
      ...(seed.families.includes('4') ? [address(v4)] : []),
      ...(seed.families.includes('6') ? [address(v6)] : []),
    ]
    return {
      namespace,
      name: names[seed.name] ?? '',
      created: seed.created,
      clusterAddresses: both(`10.96.0.${seed.name + 1}`, `fd00:10:96::${seed.name + 1}`),
      externalAddresses: [
        ...seed.external.flatMap((n) => both(`203.0.113.${n}`, `2001:db8:100::${n}`)),
        ...(seed.greedy === 'node' ? both('192.0.2.1', '2001:db8:1::1') : []),
        ...(seed.greedy === 'cluster' ? both('10.96.0.2', 'fd00:10:96::2') : []),
      ],
      loadBalancerAddresses: seed.vips.flatMap((n) => both(`203.0.113.${n}`, `2001:db8:100::${n}`)),
      sourceRanges: seed.sourceRanges as Cidr[],
      ...(seed.rangesUnread && { rangesUnread: true as const }),
      internalPolicy: seed.internalPolicy,
      externalPolicy: seed.externalPolicy,
      affinity:
        seed.seconds === 0 ? { kind: 'none' } : { kind: 'client-ip', seconds: seed.seconds },
      healthCheckPort: undefined,
      ports: seed.ports.map((value, at) => ({
        name: `p${value}`,
        protocol: value === 53 ? 'udp' : 'tcp',
        port: port(value),
        nodePort: seed.nodePort === 0 ? undefined : port(seed.nodePort + at * 10),
      })),
    }
  })

const endpoint = fc
  .record({
    number: fc.integer({ min: 1, max: 9 }),
    ready: fc.boolean(),
    terminating: fc.boolean(),
    zones: fc.constantFrom(undefined, ['zone-1'], ['zone-2']),
    nodes: fc.constantFrom(undefined, ['node-a']),
    namesNode: fc.constantFrom(true, true, false),
  })
  .map(({ number, ...rest }) => ({ number, serving: true, ...rest }))

export const slice: fc.Arbitrary<SliceObject> = fc
  .record({
    service: fc.constantFrom(...names),
    part: fc.constantFrom('a', 'b'),
    family: fc.constantFrom('ipv4' as const, 'ipv6' as const),
    endpoints: fc.uniqueArray(endpoint, { selector: (e) => e.number, maxLength: 6 }),
  })
  .map(({ service: owner, part, family, endpoints }) => ({
    namespace,
    name: `${owner}-${family}-${part}`,
    service: owner,
    family,
    ports: [
      { name: 'p80', protocol: 'tcp', port: port(8080) },
      { name: 'p443', protocol: 'tcp', port: port(8443) },
      { name: 'p53', protocol: 'udp', port: port(5353) },
      // In some slices it has the number of a NodePort.
      { name: 'p30000', protocol: 'tcp', port: port(part === 'a' ? 3000 : 30_000) },
    ],
    endpoints: endpoints.map(({ number, namesNode, ...state }) => ({
      address: address(family === 'ipv4' ? `10.244.1.${number}` : `fd00:10:244:1::${number}`),
      nodeName: !namesNode ? undefined : number % 2 === 0 ? 'node-a' : 'node-b',
      ...state,
    })),
  }))

export const cluster: fc.Arbitrary<Cluster> = fc.record({
  services: fc.uniqueArray(service, { selector: ({ name }) => name, maxLength: 4 }),
  slices: fc.uniqueArray(slice, { selector: ({ name }) => name, maxLength: 8 }),
})

/**
 * Before and after a change, all Services sticky before it: the second cluster has nothing, the
 * Services, or the Services and most endpoints of the first.
 */
export const stickyClusters: fc.Arbitrary<readonly [Cluster, Cluster]> = fc
  .tuple(cluster, cluster, fc.constantFrom('nothing', 'services', 'endpoints', 'endpoints'))
  .map(([first, second, kept]) => {
    const services = first.services.map((each) => ({
      ...each,
      affinity: { kind: 'client-ip' as const, seconds: 60 },
    }))
    const before = { ...first, services }
    const fresh = second.slices.slice(0, 2)
    const others = first.slices.filter(({ name }) => fresh.every((each) => each.name !== name))
    const after = {
      nothing: second,
      services: { ...second, services },
      endpoints: { services, slices: [...others, ...fresh] },
    }
    return [before, after[kept]]
  })
