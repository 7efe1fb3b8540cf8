import { expect, test } from 'vitest'
import { type Config, defaultConfig, readConfig } from '../../src/config/config.ts'
import { toSettings } from '../../src/config/settings.ts'
import { printProblem } from '../../src/decode/problem.ts'
import { schedulers } from '../../src/model/ipvs.ts'
import { node } from '../support/random-cluster.ts'

const kubeProxy = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'
const nodelb = 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n'

function config(text: string): Config {
  const read = readConfig(text, 'config.yaml')
  if (read.kind === 'invalid') throw new Error(read.problems.map(printProblem).join('\n'))
  return read.config
}

function ipvsOf(text: string) {
  return toSettings(config(text), node, { backend: 'ipvs' }).settings.backend
}

test('without a configuration: rr on kube-ipvs0, strict ARP', () => {
  expect(toSettings(defaultConfig, node, { backend: 'ipvs' }).settings.backend).toEqual({
    kind: 'ipvs',
    scheduler: 'rr',
    interface: 'kube-ipvs0',
    excludedRanges: [],
    strictArp: true,
    timeouts: undefined,
  })
})

test('what kube-proxy was told holds', () => {
  const text = `${kubeProxy}ipvs:
  scheduler: wlc
  excludeCIDRs: [198.51.100.7/24]
  strictARP: false
  syncPeriod: 30s
  minSyncPeriod: 0s
  tcpTimeout: 15m
  tcpFinTimeout: 0s
  udpTimeout: 1m30s
---
${nodelb}backend: ipvs
ipvs: {interface: lb0}
`
  expect(ipvsOf(text)).toEqual({
    kind: 'ipvs',
    scheduler: 'wlc',
    interface: 'lb0',
    excludedRanges: ['198.51.100.0/24'],
    strictArp: false,
    timeouts: { tcp: 900, tcpFin: 0, udp: 90 },
  })
  expect(config(text).notUsed).toEqual(['ipvs.syncPeriod'])
})

test('the empty values of a generated file are the defaults', () => {
  const text = `${kubeProxy}ipvs: {scheduler: "", excludeCIDRs: null, tcpTimeout: 0s, udpTimeout: null}`
  expect(ipvsOf(text)).toMatchObject({ scheduler: 'rr', excludedRanges: [], timeouts: undefined })
})

test('with another backend there are no ipvs settings', () => {
  expect(toSettings(defaultConfig, node).settings.backend).toEqual({ kind: 'nftables' })
})

const all = `${schedulers.join(', ')} or ""`

test.each([
  ['{scheduler: roundrobin}', `ipvs.scheduler: found "roundrobin", expected ${all}`],
  [
    '{excludeCIDRs: [198.51.100.7]}',
    'ipvs.excludeCIDRs[0]: found "198.51.100.7", expected an address range such as 192.0.2.0/24',
  ],
  ['{strictARP: "yes"}', 'ipvs.strictARP: found "yes", expected true or false'],
  [
    '{tcpTimeout: 900}',
    'ipvs.tcpTimeout: found 900, expected a duration such as 15m or 120s, of at least a second, or 0s to leave it as it is',
  ],
  [
    '{tcpFinTimeout: 100ms}',
    'ipvs.tcpFinTimeout: found "100ms", expected a duration such as 15m or 120s, of at least a second, or 0s to leave it as it is',
  ],
])('refuses ipvs: %s', (text, line) => {
  const read = readConfig(`${kubeProxy}ipvs: ${text}`, 'config.yaml')
  expect(read.kind).toBe('invalid')
  expect(read.problems.map(printProblem)).toEqual([`config.yaml: KubeProxyConfiguration: ${line}`])
})

test('a ClusterIP as target is refused', () => {
  const { problems } = toSettings(
    { ...defaultConfig, target: 'cluster-ip' },
    { ...node, podCidrs: node.podCidrs },
    { backend: 'ipvs' },
  )
  expect(problems.map(printProblem)).toEqual([
    'defaults: Node node-a: target: found "cluster-ip", expected pods: ipvs takes a connection once, and leads it to a pod',
  ])
})

test.each([true, false])('strict ARP is on where addresses are announced: %s', (enabled) => {
  const proxy = `${kubeProxy}ipvs: {strictARP: false}\n---\n`
  const announce = `announce: {layer2: {enabled: ${enabled}, members: {keyFile: /key}}}\n`
  expect(ipvsOf(`${proxy}${nodelb}${announce}`)).toMatchObject({ strictArp: enabled })
})
