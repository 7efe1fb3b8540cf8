import { expect, test } from 'vitest'
import type { Address, Cidr } from '../../src/model/address.ts'
import { nftablesBackend } from '../../src/model/backend.ts'
import { type Demand, type Machine, preflight, printFinding } from '../../src/plan/preflight.ts'

const uplink = {
  name: 'eth0',
  networks: ['192.0.2.1/24' as Cidr],
  addresses: ['192.0.2.1' as Address],
  isBridge: false,
  reversePath: 1,
  hasDefaultRoute: true,
}
const second = {
  ...uplink,
  name: 'eth1',
  networks: ['203.0.113.0/24' as Cidr],
  addresses: ['203.0.113.1' as Address],
  hasDefaultRoute: false,
}
const bridge = {
  ...second,
  name: 'cni0',
  networks: ['10.244.1.0/24' as Cidr],
  addresses: ['10.244.1.1' as Address],
  isBridge: true,
}

const fine: Machine = {
  forwarding: { ipv4: true, ipv6: true },
  dropping: [],
  interfaces: [uplink],
  bridgeFilter: { ipv4: true, ipv6: true },
  ephemeral: { first: 32_768, last: 60_999 },
  reserved: [],
  conntrack: { count: 10, max: 100 },
  missing: [],
}

const demand: Demand = {
  settings: { scope: 'all', nodePortAddresses: { kind: 'primary' }, backend: nftablesBackend },
  families: ['ipv4'],
  podRanges: ['10.244.1.0/24' as Cidr],
  nodePorts: [30_080],
  addresses: ['203.0.113.10' as Address],
}

const chosen = { kind: 'ranges' as const, ranges: ['203.0.113.0/24' as Cidr], wholeFamilies: [] }

const dropping = {
  families: ['ipv4'] as const,
  place: 'table ip filter, chain FORWARD',
  remedy: 'iptables -P FORWARD ACCEPT',
}

test('a machine in order has no finding', () => {
  expect(preflight(fine, demand)).toEqual([])
})

test.each<[string, Partial<Machine>, string, string, Partial<Demand>?]>([
  [
    'ForwardingOff',
    { forwarding: { ipv4: false, ipv6: false } },
    'net.ipv4.ip_forward is 0: no connection from outside reaches a pod',
    'sysctl -w net.ipv4.ip_forward=1',
  ],
  [
    'ForwardPolicyDrop',
    { dropping: [dropping, { ...dropping, families: ['ipv6'] }] },
    'table ip filter, chain FORWARD has the policy drop',
    'iptables -P FORWARD ACCEPT',
  ],
  [
    'BridgeNotFiltered',
    { interfaces: [uplink, bridge], bridgeFilter: { ipv4: false, ipv6: false } },
    'pods are on the bridge cni0 and net.bridge.bridge-nf-call-iptables is not 1',
    'modprobe br_netfilter',
  ],
  [
    'BridgeNotFiltered',
    {
      interfaces: [uplink, { ...bridge, addresses: ['fd00:10:244:1::1' as Address] }],
      bridgeFilter: { ipv4: false, ipv6: false },
    },
    'net.bridge.bridge-nf-call-ip6tables is not 1',
    'modprobe br_netfilter',
    { families: ['ipv6'], podRanges: ['fd00:10:244:1::/64' as Cidr] },
  ],
  [
    'StrictReversePath',
    { interfaces: [uplink, second] },
    'net.ipv4.conf.eth1.rp_filter is 1 (strict) and 203.0.113.10 is reached through eth1',
    'sysctl -w net.ipv4.conf.eth1.rp_filter=2',
  ],
  [
    'NodePortsInEphemeralRange',
    { ephemeral: { first: 1024, last: 65_535 } },
    'NodePort 30080 is inside net.ipv4.ip_local_port_range (1024 to 65535)',
    'sysctl -w net.ipv4.ip_local_reserved_ports=30000-32767',
  ],
  [
    'NodePortsInEphemeralRange',
    { ephemeral: { first: 1024, last: 65_535 } },
    'NodePort 30000 is inside',
    'sysctl -w net.ipv4.ip_local_reserved_ports=30000-32767',
    { nodePorts: [] },
  ],
  [
    'ConntrackNearlyFull',
    { conntrack: { count: 91, max: 100 } },
    '91 of 100 entries of connection tracking are in use (91 %)',
    'raise conntrack.min or conntrack.maxPerCore',
  ],
  [
    'KernelModuleMissing',
    { missing: ['backend nftables cannot be used: the kernel has no nftables'] },
    'backend nftables cannot be used: the kernel has no nftables',
    'load it on the node',
  ],
])('%s is told once, with the remedy', (condition, machine, message, remedy, asked) => {
  const findings = preflight({ ...fine, ...machine }, { ...demand, ...asked })
  expect(findings.map((it) => it.condition)).toEqual([condition])
  expect(findings[0]?.message).toContain(message)
  expect(findings[0]?.remedy).toContain(remedy)
  expect(findings.map(printFinding)).toEqual([expect.stringContaining('; remedy: ')])
})

test.each<[string, Partial<Machine>, Partial<Demand>]>([
  ['a family that no Service has', { forwarding: { ipv4: true, ipv6: false } }, {}],
  ['what cannot be read', { forwarding: { ipv4: undefined, ipv6: undefined } }, {}],
  [
    'FORWARD where the chains of iptables accept',
    { dropping: [dropping] },
    {
      settings: {
        ...demand.settings,
        backend: { kind: 'iptables', flavour: 'auto', loopbackNodePorts: [] },
      },
    },
  ],
  [
    'a bridge without pods',
    { interfaces: [bridge], bridgeFilter: { ipv4: false, ipv6: false } },
    { podRanges: [], addresses: [] },
  ],
  ['a strict interface where nothing is served', { interfaces: [second] }, { addresses: [] }],
  [
    'a strict interface where NodePorts are served on addresses of the other family',
    { interfaces: [{ ...second, addresses: ['2001:db8::1' as Address] }] },
    { addresses: [], settings: { ...demand.settings, nodePortAddresses: chosen } },
  ],
  [
    'a strict interface of chosen ranges without any NodePort',
    { interfaces: [second] },
    { addresses: [], nodePorts: [], settings: { ...demand.settings, nodePortAddresses: chosen } },
  ],
  ['a loose interface', { interfaces: [{ ...second, reversePath: 2 }] }, {}],
  [
    'NodePorts that are reserved',
    { ephemeral: { first: 1024, last: 65_535 }, reserved: [{ first: 30_000, last: 32_767 }] },
    {},
  ],
  [
    'NodePorts that kube-proxy serves',
    { ephemeral: { first: 1024, last: 65_535 } },
    { settings: { ...demand.settings, scope: 'load-balancer' } },
  ],
  ['nine tenths of the table', { conntrack: { count: 90, max: 100 } }, {}],
])('%s is no finding', (_, machine, asked) => {
  expect(preflight({ ...fine, ...machine }, { ...demand, ...asked })).toEqual([])
})

test('a VLAN interface with NodePorts in chosen ranges is named as sysctl takes it', () => {
  const vlan = { ...second, name: 'eth0.100' }
  const settings = { ...demand.settings, nodePortAddresses: chosen }
  const findings = preflight(
    { ...fine, interfaces: [vlan] },
    { ...demand, addresses: [], settings },
  )
  expect(findings.map(({ remedy }) => remedy)).toEqual([
    'sysctl -w net.ipv4.conf.eth0/100.rp_filter=2',
  ])
})
