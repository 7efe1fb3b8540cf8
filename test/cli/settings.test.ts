import { expect, test } from 'vitest'
import { type Config, defaultConfig } from '../../src/config/config.ts'
import { toSettings } from '../../src/config/settings.ts'
import { printProblem } from '../../src/decode/problem.ts'
import { type Cidr, parseAddress, parseCidr } from '../../src/model/address.ts'
import type { NodeView } from '../../src/model/node.ts'

function cidrs(...texts: readonly string[]): Cidr[] {
  return texts.flatMap((text) => parseCidr(text)?.value ?? [])
}

const node: NodeView = {
  name: 'node-a',
  zone: undefined,
  addresses: ['192.0.2.1', '192.0.2.9', '2001:db8:1::1'].flatMap(
    (a) => parseAddress(a)?.value ?? [],
  ),
  podCidrs: cidrs('10.244.1.0/24', 'fd00:10:244:1::/64'),
}
const clusterRanges = cidrs('10.244.0.0/16')
const bare: NodeView = { ...node, podCidrs: [] }
const none = { kind: 'none' }

function lines(config: Partial<Config>, view = node, flags = {}): string[] {
  return toSettings({ ...defaultConfig, ...config }, view, flags).problems.map(printProblem)
}

test('the defaults on a node with pod ranges', () => {
  expect(toSettings(defaultConfig, node)).toEqual({
    problems: [],
    settings: {
      affinityClients: 262_144,
      meterServices: false,
      scope: 'load-balancer',
      target: 'pods',
      localTraffic: { kind: 'ranges', ranges: node.podCidrs, ofNode: true },
      nodePortAddresses: { kind: 'primary' },
      masqueradeAll: false,
      masqueradeBit: 14,
      serviceRanges: [],
      externalIps: { allow: undefined, nodeAddresses: true },
      protectedPorts: [6443, 10250, 2379, 2380, 10266, 10256, 10249],
      backend: { kind: 'nftables' },
      fallback: { kind: 'iptables', flavour: 'auto', loopbackNodePorts: [] },
    },
  })
})

test.each<[Partial<Config>, NodeView, object]>([
  [{ clusterRanges }, node, { kind: 'ranges', ranges: clusterRanges }],
  [
    { clusterRanges, detectLocal: { kind: 'cluster-cidr' } },
    node,
    { kind: 'ranges', ranges: clusterRanges },
  ],
  [
    { clusterRanges, detectLocal: { kind: 'node-cidr' } },
    node,
    { kind: 'ranges', ranges: node.podCidrs },
  ],
  [{ detectLocal: { kind: 'interface', name: 'cni0' } }, bare, { kind: 'interface', name: 'cni0' }],
  [
    { detectLocal: { kind: 'interface-prefix', prefix: 'veth' } },
    bare,
    { kind: 'interface-prefix', prefix: 'veth' },
  ],
])('local traffic with %j', (config, view, localTraffic) => {
  const result = toSettings({ ...defaultConfig, ...config }, view)
  expect(result).toMatchObject({ settings: { localTraffic }, problems: [] })
})

const ofNode = { kind: 'ranges', ranges: [], ofNode: true }
const held = 'only traffic from ranges that are programmed already counts as that of pods'

test.each<[Partial<Config>, object, string, string]>([
  [
    {},
    ofNode,
    held,
    'detectLocalMode: found nothing, expected a mode, a clusterCIDR, or podCIDRs of the Node',
  ],
  [
    { detectLocal: { kind: 'cluster-cidr' } },
    none,
    'no traffic counts as that of pods',
    'clusterCIDR: found nothing, expected a range of pod addresses',
  ],
  [
    { detectLocal: { kind: 'node-cidr' } },
    ofNode,
    held,
    'spec.podCIDRs: found nothing, expected the ranges of its pods',
  ],
])('with %j a note says what a node without pod ranges means', (config, traffic, effect, line) => {
  const result = toSettings({ ...defaultConfig, ...config }, bare)
  expect(result.settings.localTraffic).toEqual(traffic)
  expect(result.problems.map(({ severity }) => severity)).toEqual(['note'])
  expect(lines(config, bare)).toEqual([`defaults: Node node-a: ${line}; ${effect}`])
})

test('flags win over the file', () => {
  const flags = { scope: 'all', backend: 'nftables' }
  expect(toSettings(defaultConfig, node, flags)).toMatchObject({
    settings: { scope: 'all' },
    problems: [],
  })
  expect(lines({}, node, { scope: 'some', backend: 'ebpf' })).toEqual([
    'command line: --scope: found "some", expected load-balancer or all',
    'command line: --backend: found "ebpf", expected auto, nftables, ipvs or iptables',
  ])
})

test('scope all and target cluster-ip contradict each other', () => {
  expect(lines({ target: 'cluster-ip' })).toEqual([])
  expect(lines({ target: 'cluster-ip' }, node, { scope: 'all' })).toEqual([
    'defaults: Node node-a: target: found "cluster-ip", expected pods: with scope all this table is what leads a ClusterIP to its pods',
  ])
})

test('the ports where nodelb answers are protected, whatever else is', () => {
  const flags = { listenPorts: [9, 10] }
  const config = {
    ...defaultConfig,
    protectedPorts: [],
    ownBindAddresses: { healthz: { host: undefined, port: 7 }, metrics: 'none' as const },
  }
  const { settings } = toSettings(config, node, flags)
  expect(settings.protectedPorts).toEqual([10266, 10256, 10249, 7, 9, 10])
})
