import { expect, test } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { loopbackSysctlOf, toSettings } from '../../src/config/settings.ts'
import { printProblem } from '../../src/decode/problem.ts'
import type { Address } from '../../src/model/address.ts'
import { loopbackNodePortsOf } from '../../src/model/backend.ts'
import type { NodeView, Settings } from '../../src/model/node.ts'

const kubeProxy = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'
const nodelb = 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n'
const node: NodeView = {
  name: 'node-a',
  zone: undefined,
  addresses: ['192.0.2.1', '2001:db8:1::1'] as Address[],
  podCidrs: [],
}

function settle(text: string, backend: 'nftables' | 'iptables' | 'ipvs' | 'auto' = 'iptables') {
  const result = readConfig(`${text}\nclusterCIDR: 10.244.0.0/16`, 'config.yaml')
  if (result.kind === 'invalid') throw new Error(result.problems.map(printProblem).join('\n'))
  const { settings, problems } = toSettings(result.config, node, { scope: 'all', backend })
  return { settings, notes: problems.map(printProblem) }
}

function served(settings: Settings): unknown[] {
  const { kind, ...more } = settings.nodePortAddresses
  return [kind, more, loopbackNodePortsOf(settings)]
}

const all = ['all', {}]
const loopback = ['127.0.0.0/8']
const ranges = (list: string[], wholeFamilies: string[] = [], more: object = {}) => [
  'ranges',
  { ranges: list, wholeFamilies, ...more },
]
const primary = { primary: true }

test.each<[fields: string, addresses: unknown[], loopback: readonly string[]]>([
  ['', all, loopback],
  ['mode: ""', all, loopback],
  ['mode: iptables', all, loopback],
  ['mode: ipvs', all, []],
  ['mode: nftables', ['primary', {}], []],
  ['mode: iptables\niptables: {localhostNodePorts: null}', all, loopback],
  ['mode: iptables\niptables: {localhostNodePorts: false}', all, []],
  ['mode: ipvs\niptables: {localhostNodePorts: true}', all, []],
  ['mode: nftables\nnodePortAddresses: [all]', all, []],
  ['mode: ipvs\nnodePortAddresses: [primary]', ['primary', {}], []],
  ['nodePortAddresses: [0.0.0.0/0, "::/0"]', all, loopback],
  // A family that is not named has all of its addresses.
  ['nodePortAddresses: [0.0.0.0/0]', all, loopback],
  ['nodePortAddresses: [198.51.100.0/24]', ranges(['198.51.100.0/24'], ['ipv6']), []],
  ['nodePortAddresses: ["2001:db8::/32"]', ranges(['2001:db8::/32'], ['ipv4']), loopback],
  [
    'mode: nftables\nnodePortAddresses: [primary, 198.51.100.0/24]',
    ranges(['192.0.2.1/32', '2001:db8:1::1/128', '198.51.100.0/24'], [], primary),
    [],
  ],
  ['nodePortAddresses: [localhost]', ranges([]), loopback],
  ['nodePortAddresses: [127.0.0.1/32]', ranges([], ['ipv6']), ['127.0.0.1/32']],
  ['mode: ipvs\nnodePortAddresses: [127.0.0.0/8]', ranges([], ['ipv6']), []],
  [
    'nodePortAddresses: [primary, localhost]',
    ranges(['192.0.2.1/32', '2001:db8:1::1/128'], [], primary),
    loopback,
  ],
])('%j: node ports on %j and on loopback %j', (fields, addresses, ofLoopback) => {
  expect(served(settle(kubeProxy + fields).settings)).toEqual([...addresses, ofLoopback])
})

const bound = (first: string, second: string) => ranges([first, second], [], primary)

test.each<[fields: string, addresses: unknown[]]>([
  ['', ['primary', {}]],
  ['bindAddress: 0.0.0.0', ['primary', {}]],
  ['bindAddress: "::"', ['primary', {}]],
  ['bindAddress: 198.51.100.7', bound('198.51.100.7/32', '2001:db8:1::1/128')],
  ['bindAddress: "2001:db8:9::7"', bound('192.0.2.1/32', '2001:db8:9::7/128')],
  [
    'bindAddress: 198.51.100.7\nnodePortAddresses: [primary, 203.0.113.0/24]',
    ranges(['198.51.100.7/32', '2001:db8:1::1/128', '203.0.113.0/24'], [], primary),
  ],
  [
    'bindAddress: 198.51.100.7\nnodePortAddresses: [203.0.113.0/24]',
    ranges(['203.0.113.0/24'], ['ipv6']),
  ],
  ['bindAddress: 198.51.100.7\nnodePortAddresses: [all]', all],
  // Of loopback kube-proxy makes "no address", and of that all of them.
  ['bindAddress: 127.0.0.1', ['primary', {}]],
])('bindAddress is the primary address of its family: %j', (fields, addresses) => {
  const { settings } = settle(`${kubeProxy}mode: nftables\n${fields}`)
  expect(served(settings)).toEqual([...addresses, []])
})

test('a bindAddress that is none is refused, and one of loopback is noted', () => {
  const result = readConfig(`${kubeProxy}bindAddress: eth0`, 'config.yaml')
  expect(result.problems.map(printProblem)).toEqual([
    'config.yaml: KubeProxyConfiguration: bindAddress: found "eth0", expected an IP address such as 0.0.0.0',
  ])
  const { notes } = settle(`${kubeProxy}mode: nftables\nbindAddress: "::1"`)
  expect(notes).toEqual([
    'config.yaml: Node node-a: bindAddress: found "::1", expected an address outside loopback; NodePorts are served on the primary address of the Node',
  ])
})

test('without a KubeProxyConfiguration: on the primary addresses', () => {
  const config = readConfig(`${nodelb}scope: all`, 'config.yaml')
  if (config.kind === 'invalid') throw new Error('refused')
  const { settings } = toSettings(config.config, node, { backend: 'iptables' })
  expect(served(settings)).toEqual(['primary', {}, []])
})

const left = (found: string) =>
  `config.yaml: Node node-a: nodePortAddresses: found ${found}, expected addresses outside loopback, or backend: iptables with mode: iptables for 127.0.0.0/8; NodePorts are not served on these addresses; use the ClusterIP, or another address of the node`

test('what kube-proxy served on loopback and the backend cannot is noted, and no obstacle', () => {
  const implied = left('nothing, which in mode iptables has 127.0.0.0/8')
  for (const backend of ['nftables', 'ipvs', 'auto'] as const) {
    expect(settle(kubeProxy, backend).notes).toEqual([implied])
    const named = settle(`${kubeProxy}nodePortAddresses: [localhost, primary]`, backend)
    expect(named.notes).toEqual([left('127.0.0.0/8, ::1/128')])
    expect(settle(`${kubeProxy}mode: nftables`, backend).notes).toEqual([])
    expect(settle(`${kubeProxy}mode: ipvs`, backend).notes).toEqual([])
    const without = `${kubeProxy}iptables: {localhostNodePorts: false}`
    expect(settle(without, backend).notes).toEqual([])
  }
  expect(settle(kubeProxy).notes).toEqual([])
  const both = settle(`${kubeProxy}nodePortAddresses: [localhost, primary]`)
  expect(both.notes).toEqual([left('::1/128')])
})

test('route_localnet is wanted where NodePorts are served on loopback, and nowhere else', () => {
  const wanted = (fields: string, backend: string, scope = 'all') => {
    const result = readConfig(kubeProxy + fields, 'config.yaml')
    if (result.kind === 'invalid') throw new Error('refused')
    return loopbackSysctlOf(result.config, { backend, scope })?.name
  }
  expect(wanted('mode: iptables', 'iptables')).toBe('net.ipv4.conf.all.route_localnet')
  expect(wanted('mode: iptables', 'iptables', 'load-balancer')).toBe(undefined)
  expect(wanted('mode: iptables', 'auto')).toBe(undefined)
  expect(wanted('mode: ipvs', 'iptables')).toBe(undefined)
  expect(wanted('nodePortAddresses: [primary]', 'iptables')).toBe(undefined)
})
