import { expect, test } from 'vitest'
import { type Config, defaultConfig, readConfig } from '../../src/config/config.ts'
import { defaultConntrack } from '../../src/config/conntrack-config.ts'
import { conntrackOf } from '../../src/config/settings.ts'
import { printProblem } from '../../src/decode/problem.ts'
import { wantedSysctls } from '../../src/plan/sysctls/conntrack.ts'

const kubeProxy = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'
const nodelb = 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n'

function config(text: string): Config {
  const result = readConfig(text, 'config.yaml')
  if (result.kind !== 'config') throw new Error(result.problems.map(printProblem).join('\n'))
  return result.config
}

/** kube-proxy's own, of its v1alpha1/defaults.go. */
const defaults = {
  maxPerCore: 32768,
  min: 131072,
  tcpEstablishedTimeout: 86400,
  tcpCloseWaitTimeout: 3600,
  udpTimeout: undefined,
  udpStreamTimeout: undefined,
  tcpBeLiberal: false,
}

test.each([
  ['', defaults],
  ['conntrack: null', defaults],
  ['conntrack: {}', defaults],
  ['conntrack: {maxPerCore: null, min: null, tcpEstablishedTimeout: null}', defaults],
  ['conntrack: {maxPerCore: 0, min: 5}', { ...defaults, maxPerCore: 0, min: 5 }],
  [
    'conntrack: {tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: "0", tcpBeLiberal: true}',
    {
      ...defaults,
      tcpEstablishedTimeout: undefined,
      tcpCloseWaitTimeout: undefined,
      tcpBeLiberal: true,
    },
  ],
  [
    'conntrack: {tcpEstablishedTimeout: 1h0m0s, tcpCloseWaitTimeout: 1.5h, udpTimeout: 1m30.9s, udpStreamTimeout: 2000ms}',
    {
      ...defaults,
      tcpEstablishedTimeout: 3600,
      tcpCloseWaitTimeout: 5400,
      udpTimeout: 90,
      udpStreamTimeout: 2,
    },
  ],
])('reads "%s" as kube-proxy does', (text, conntrack) => {
  const read = config(kubeProxy + text)
  expect(read.conntrack).toEqual(conntrack)
  expect(read.notUsed).toEqual([])
})

const duration =
  'expected a duration such as 1h30m or 45s, of at least a second, or 0s to leave it as it is'

test.each([
  ['udpTimeout: 30', `udpTimeout: found 30, ${duration}`],
  ['udpTimeout: 500ms', `udpTimeout: found "500ms", ${duration}`],
  ['udpTimeout: -5s', `udpTimeout: found "-5s", ${duration}`],
  ['udpTimeout: 1 hour', `udpTimeout: found "1 hour", ${duration}`],
  ['udpTimeout: 1000000h', `udpTimeout: found "1000000h", ${duration}`],
  ['maxPerCore: -1', 'maxPerCore: found -1, expected a number from 0 to 2147483647'],
  ['tcpBeLiberal: 1', 'tcpBeLiberal: found 1, expected true or false'],
])('refuses %s', (text, line) => {
  const result = readConfig(`${kubeProxy}conntrack: {${text}}`, 'config.yaml')
  expect(result.kind).toBe('invalid')
  expect(result.problems.map(printProblem)).toEqual([
    `config.yaml: KubeProxyConfiguration: conntrack.${line}`,
  ])
})

test('what becomes of TCP is for nodelb to say', () => {
  expect(defaultConfig.tcpFlows).toBe('keep')
  expect(config(`${nodelb}conntrack: {tcp: reset}`).tcpFlows).toBe('reset')
  const wrong = readConfig(`${nodelb}conntrack: {tcp: drop}`, 'config.yaml')
  expect(wrong.problems.map(printProblem)).toEqual([
    'config.yaml: NodelbConfiguration: conntrack.tcp: found "drop", expected keep or reset',
  ])
})

test('beside kube-proxy the limits are left to it', () => {
  expect(conntrackOf(defaultConfig, { scope: 'load-balancer' })).toBeUndefined()
  expect(conntrackOf(defaultConfig, { scope: 'all' })).toEqual({ ...defaults, tcpBeLiberal: true })
})

test.each([
  ['', { all: true, 'load-balancer': undefined }],
  // kubeadm writes it into every cluster.
  [`${kubeProxy}conntrack: {tcpBeLiberal: false}`, { all: true, 'load-balancer': undefined }],
  [`${kubeProxy}conntrack: {tcpBeLiberal: true}`, { all: true, 'load-balancer': undefined }],
  [`${nodelb}conntrack: {tcpBeLiberal: true}`, { all: true, 'load-balancer': true }],
  [`${nodelb}conntrack: {tcpBeLiberal: false}`, { all: false, 'load-balancer': undefined }],
  [`${nodelb}conntrack: {tcpBeLiberal: null}`, { all: true, 'load-balancer': undefined }],
])('segments outside the window with "%s"', (text, liberal) => {
  const read = text === '' ? defaultConfig : config(text)
  for (const scope of ['all', 'load-balancer'] as const) {
    expect(conntrackOf(read, { scope })?.tcpBeLiberal, scope).toBe(liberal[scope])
  }
})

test('beside kube-proxy nothing but that is set', () => {
  const read = config(`${nodelb}conntrack: {tcpBeLiberal: true}`)
  const wanted = wantedSysctls(conntrackOf(read, { scope: 'load-balancer' }) ?? defaultConntrack, 8)
  expect(wanted.map(({ name, value }) => `${name} = ${value}`)).toEqual([
    'net.netfilter.nf_conntrack_tcp_be_liberal = 1',
  ])
})
