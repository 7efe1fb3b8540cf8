/**
 * The little cluster the packet tests run in: who lives where, and the `ip` commands that build it.
 */

/** A network namespace of the lab. `remote` is the second node, `outside` everything beyond. */
export type Namespace = 'client' | 'node' | 'pod-a' | 'pod-b' | 'pod-c' | 'remote' | 'outside'

export const namespaces: readonly Namespace[] = [
  'client',
  'node',
  'pod-a',
  'pod-b',
  'pod-c',
  'remote',
  'outside',
]

export type PodName = 'pod-a' | 'pod-b' | 'pod-c' | 'pod-d' | 'pod-e'

/**
 * The places that can send. `client-2` is the client with its second address, `remote` the other
 * node.
 */
export type PartyName = PodName | 'client' | 'client-2' | 'node' | 'remote'

type AddressPair = readonly [v4: string, v6: string]

/** A place that sends or answers: a namespace, and the addresses it speaks from. */
export interface Party {
  readonly namespace: Namespace
  /** Absent where the kernel is to choose. */
  readonly addresses?: AddressPair
}

export const podAddresses: Readonly<Record<PodName, AddressPair>> = {
  'pod-a': ['10.244.1.10', 'fd00:10:244:1::10'],
  'pod-b': ['10.244.1.11', 'fd00:10:244:1::11'],
  'pod-c': ['10.244.1.12', 'fd00:10:244:1::12'],
  'pod-d': ['10.244.2.10', 'fd00:10:244:2::10'],
  'pod-e': ['10.244.2.11', 'fd00:10:244:2::11'],
}

export const parties: Readonly<Record<PartyName, Party>> = {
  client: { namespace: 'client', addresses: ['192.0.2.2', '2001:db8:1::2'] },
  'client-2': { namespace: 'client', addresses: ['192.0.2.3', '2001:db8:1::3'] },
  node: { namespace: 'node' },
  'pod-a': { namespace: 'pod-a', addresses: podAddresses['pod-a'] },
  'pod-b': { namespace: 'pod-b', addresses: podAddresses['pod-b'] },
  'pod-c': { namespace: 'pod-c', addresses: podAddresses['pod-c'] },
  'pod-d': { namespace: 'remote', addresses: podAddresses['pod-d'] },
  'pod-e': { namespace: 'remote', addresses: podAddresses['pod-e'] },
  remote: { namespace: 'remote', addresses: ['198.51.100.2', '2001:db8:2::2'] },
}

export function isPartyName(name: string): name is PartyName {
  return Object.hasOwn(parties, name)
}

/** What answers a connection: a pod's name, or a host that is neither pod nor load balancer. */
export interface Answerer {
  readonly name: string
  readonly addresses: AddressPair
}

/** Answers in place of every address that the node sent away untranslated. */
export const outsider = 'outside'

/** The node answers too, like a pod on the host network. */
export const answerers: Readonly<Record<Namespace, readonly Answerer[]>> = {
  client: [],
  node: [{ name: 'node', addresses: ['192.0.2.1', '2001:db8:1::1'] }],
  'pod-a': [{ name: 'pod-a', addresses: podAddresses['pod-a'] }],
  'pod-b': [{ name: 'pod-b', addresses: podAddresses['pod-b'] }],
  'pod-c': [{ name: 'pod-c', addresses: podAddresses['pod-c'] }],
  remote: [
    { name: 'pod-d', addresses: podAddresses['pod-d'] },
    { name: 'pod-e', addresses: podAddresses['pod-e'] },
  ],
  outside: [{ name: outsider, addresses: ['198.18.0.2', '2001:db8:3::2'] }],
}

export const nodeAddresses: readonly string[] = [
  '192.0.2.1',
  '2001:db8:1::1',
  '198.51.100.1',
  '2001:db8:2::1',
  '198.18.0.1',
  '2001:db8:3::1',
  '10.244.1.1',
  'fd00:10:244:1::1',
]

export const podPorts: readonly number[] = [8080, 9090]
const outsidePort = 9999

export function portsOf(namespace: Namespace): readonly number[] {
  return namespace === 'outside' ? [outsidePort] : podPorts
}

const pods = ['pod-a', 'pod-b', 'pod-c'] as const

/** Namespaces and the cables between them; runs outside all of them. */
export function cabling(name: (namespace: Namespace) => string): string[] {
  const cable = (from: Namespace, device: string, peer: string): string =>
    `link add ${device} netns ${name('node')} type veth peer name ${peer} netns ${name(from)}`
  return [
    ...namespaces.map((namespace) => `netns add ${name(namespace)}`),
    cable('client', 'to-client', 'uplink'),
    cable('remote', 'to-remote', 'uplink'),
    cable('outside', 'to-outside', 'uplink'),
    ...pods.map((pod) => cable(pod, `veth-${pod}`, 'uplink')),
  ]
}

/** The commands inside each namespace. */
export const interiors: Readonly<Record<Namespace, readonly string[]>> = {
  client: [
    ...device('uplink', ['192.0.2.2/24', '192.0.2.3/24', '2001:db8:1::2/64', '2001:db8:1::3/64']),
    ...defaultRoute('192.0.2.1', '2001:db8:1::1'),
  ],
  node: [
    ...device('to-client', ['192.0.2.1/24', '2001:db8:1::1/64']),
    ...device('to-remote', ['198.51.100.1/24', '2001:db8:2::1/64']),
    ...device('to-outside', ['198.18.0.1/30', '2001:db8:3::1/64']),
    'link add cni0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
    ...device('cni0', ['10.244.1.1/24', 'fd00:10:244:1::1/64']),
    ...pods.flatMap((pod) => [
      `link set veth-${pod} addrgenmode none master cni0 up`,
      `link set veth-${pod} type bridge_slave hairpin on`,
    ]),
    'route add 10.244.2.0/24 via 198.51.100.2',
    'route add fd00:10:244:2::/64 via 2001:db8:2::2',
    // As on a real machine, the node speaks for itself with its InternalIP.
    'route add default via 198.18.0.2 src 192.0.2.1',
    'route add default via 2001:db8:3::2 src 2001:db8:1::1',
  ],
  'pod-a': podInterior('pod-a'),
  'pod-b': podInterior('pod-b'),
  'pod-c': podInterior('pod-c'),
  remote: [
    ...device('uplink', ['198.51.100.2/24', '2001:db8:2::2/64']),
    ...[podAddresses['pod-d'], podAddresses['pod-e']].flatMap(([v4, v6]) => [
      `addr add ${v4}/32 dev lo`,
      `addr add ${v6}/128 dev lo nodad`,
    ]),
    ...defaultRoute('198.51.100.1', '2001:db8:2::1'),
  ],
  outside: [
    ...device('uplink', ['198.18.0.2/30', '2001:db8:3::2/64']),
    ...defaultRoute('198.18.0.1', '2001:db8:3::1'),
  ],
}

/** Catches what the node let through untranslated, whatever its address and port. */
export const outsideRules: string = `table inet outside {
  chain prerouting {
    type nat hook prerouting priority dstnat
    iifname uplink meta l4proto { tcp, udp } redirect to :${outsidePort}
  }
}
`

function device(name: string, addresses: readonly string[]): string[] {
  return [
    // Without a link-local address there is no duplicate detection to wait for.
    `link set ${name} addrgenmode none up`,
    ...addresses.map((address) => `addr add ${address} dev ${name}${dadOff(address)}`),
    `addr add fe80::${linkLocal(name)}/64 dev ${name} nodad`,
    'link set lo up',
  ]
}

/** Two ends of a cable need two link-local addresses. */
function linkLocal(deviceName: string): string {
  return deviceName === 'uplink' ? '2' : '1'
}

/** Pods own single addresses and send all through the node, so that its conntrack sees replies. */
function podInterior(pod: (typeof pods)[number]): string[] {
  const [v4, v6] = podAddresses[pod]
  const digit = v4.slice(-1)
  return [
    'link set lo up',
    'link set uplink addrgenmode none up',
    `addr add fe80::1${digit}/64 dev uplink nodad`,
    `addr add ${v4}/32 dev uplink`,
    `addr add ${v6}/128 dev uplink nodad`,
    'route add 10.244.1.1 dev uplink',
    'route add fd00:10:244:1::1 dev uplink',
    ...defaultRoute('10.244.1.1', 'fd00:10:244:1::1'),
  ]
}

function defaultRoute(v4: string, v6: string): string[] {
  return [`route add default via ${v4}`, `route add default via ${v6}`]
}

function dadOff(address: string): string {
  return address.includes(':') ? ' nodad' : ''
}

/** Kernel settings by namespace, as paths below /proc/sys/net. */
export function settings(namespace: Namespace): Readonly<Record<string, string>> {
  // Otherwise the second rejected UDP packet within a second goes unanswered.
  const prompt = {
    'ipv4/icmp_ratelimit': '0',
    'ipv6/icmp/ratelimit': '0',
    'ipv4/icmp_msgs_per_sec': '100000',
    'ipv4/icmp_msgs_burst': '10000',
  }
  if (namespace !== 'node') return prompt
  return {
    ...prompt,
    'ipv4/ip_forward': '1',
    // As `nodelb prepare` sets it for NodePorts on loopback; of the backends iptables serves them.
    'ipv4/conf/all/route_localnet': '1',
    'ipv6/conf/all/forwarding': '1',
    // As on a cluster's node, where the module is loaded.
    'bridge/bridge-nf-call-iptables': '1',
    'bridge/bridge-nf-call-ip6tables': '1',
    ...Object.fromEntries(
      ['all', 'default', 'to-client', 'to-remote', 'to-outside'].flatMap((device) => [
        // A reply may leave by another way than its question came.
        [`ipv4/conf/${device}/rp_filter`, '0'],
        // Pods on one bridge are to keep talking through the node.
        [`ipv4/conf/${device}/send_redirects`, '0'],
      ]),
    ),
  }
}
