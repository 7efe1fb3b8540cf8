import fc from 'fast-check'
import { type Address, type Cidr, familyOf, type Port } from '../../src/model/address.ts'
import type { NodeView, Settings } from '../../src/model/node.ts'
import type { Cluster } from '../../src/model/service.ts'
import { type NodeFacts, originOf, type Packet } from '../../src/trace/packet.ts'
import { node, settings } from './random-cluster.ts'

/** The node of random-cluster.ts, as the tracer wants to know it. */
export const facts: NodeFacts = {
  // One of them, 203.0.113.1, is a load-balancer address that sits on the node.
  addresses: new Set([
    ...node.addresses,
    '198.51.100.1',
    '10.244.1.254',
    '203.0.113.1',
    '2001:db8:100::1',
  ]),
  routes: [
    route('10.244.1.0/24', 'cni0', '10.244.1.254'),
    route('fd00:10:244:1::/64', 'cni0', 'fd00:10:244:1::fe'),
    route('0.0.0.0/0', 'eth0', '192.0.2.1'),
    route('::/0', 'eth0', '2001:db8:1::1'),
  ],
}

/** The node of random-cluster.ts with all of its addresses, as the machine itself would tell. */
export const view: NodeView = { ...node, localAddresses: [...facts.addresses] as Address[] }

/** The same machine; the Node's primary addresses and one that its object does not name are in a VRF. */
export const vrfFacts: NodeFacts = {
  ...facts,
  inVrf: new Set(['192.0.2.1', '2001:db8:1::1', '198.51.100.1']),
}

function route(to: string, device: string, address: string): NodeFacts['routes'][number] {
  return { to: to as Cidr, interface: device, address: address as Address }
}

const V4 = {
  from: [
    ...['192.0.2.7', '192.0.2.1', '198.51.100.7', '198.51.100.1', '203.0.113.1', '10.1.2.3'],
    ...['10.244.1.1', '10.244.1.2', '10.244.1.4', '10.244.2.1', '127.0.0.1'],
  ],
  to: [
    ...['203.0.113.1', '203.0.113.2', '203.0.113.3', '203.0.113.4', '203.0.113.5'],
    ...['10.96.0.1', '10.96.0.2', '10.96.0.3', '10.96.0.4', '10.96.0.9'],
    ...['192.0.2.1', '198.51.100.1', '198.51.100.7', '10.244.1.2', '127.0.0.1'],
  ],
}

const V6 = {
  from: [
    ...['2001:db8:1::7', '2001:db8:1::1', '2001:db9::7', '2001:db8:100::1'],
    ...['fd00:10:244:1::1', 'fd00:10:244:1::2', 'fd00:10:244:2::1', '::1'],
  ],
  to: [
    ...['2001:db8:100::1', '2001:db8:100::2', '2001:db8:100::3', '2001:db8:100::4'],
    ...['fd00:10:96::1', 'fd00:10:96::2', 'fd00:10:96::3', 'fd00:10:96::9'],
    ...['2001:db8:1::1', 'fd00:10:244:1::2', '::1'],
  ],
}

export const packet: fc.Arbitrary<Packet> = fc
  .constantFrom(V4, V6)
  .chain(({ from, to }) =>
    fc.record({
      from: fc.constantFrom(...from),
      to: fc.constantFrom(...to),
      protocol: fc.constantFrom('tcp', 'tcp', 'tcp', 'udp', 'sctp', 'icmp'),
      port: fc.constantFrom(80, 80, 443, 53, 22, 30000, 30001, 30010, 30020),
    }),
  )
  .map(({ from, to, protocol, port }) => ({
    from: from as Address,
    to: to as Address,
    protocol: protocol as Packet['protocol'],
    port: protocol === 'icmp' ? undefined : (port as Port),
    origin: originOf(from as Address, facts),
  }))

/** The same packet to an address and port of one of the Services. */
export function aimed(sent: Packet, { services }: Cluster, lot: number): Packet {
  const service = services[lot % services.length]
  const port = service?.ports[(lot >> 4) % service.ports.length]
  const addresses = [service?.clusterAddresses, service?.loadBalancerAddresses]
    .flatMap((each) => each ?? [])
    .filter((address) => familyOf(address) === familyOf(sent.from))
  const to = addresses[(lot >> 8) % addresses.length]
  if (port === undefined || to === undefined) return sent
  return { ...sent, to, protocol: port.protocol, port: port.port }
}

/** The configuration refuses the other combination: what answers for ClusterIPs cannot lead there. */
export const possible: fc.Arbitrary<Settings> = settings.map((each) =>
  each.scope === 'all' ? { ...each, target: 'pods' as const } : each,
)
