import { describe, expect, test } from 'vitest'
import { answersAsKubeProxy } from '../../src/config/bind-address.ts'
import { type Config, readConfig } from '../../src/config/config.ts'
import { printProblem } from '../../src/decode/problem.ts'

const kubeProxy = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'
const nodelb = 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n'

function read(text: string): Config {
  const result = readConfig(text, 'config.yaml')
  if (result.kind === 'config') return result.config
  throw new Error(result.problems.map(printProblem).join('\n'))
}

function answers(text: string, scope: 'all' | 'load-balancer' = 'all') {
  const { bindAddresses, ownBindAddresses } = read(text)
  return answersAsKubeProxy(bindAddresses, ownBindAddresses, scope)
}

const any = (port: number) => ({ host: undefined, port })
const loopback = { host: '127.0.0.1', port: 10_249 }

describe('where nodelb answers in place of kube-proxy', () => {
  test.each([
    ['no field', '', any(10_256), loopback],
    ['empty fields', 'healthzBindAddress: ""\nmetricsBindAddress: ""', any(10_256), loopback],
    ['null', 'healthzBindAddress: null\nbindAddress: null', any(10_256), loopback],
    ['an IPv6 node', 'bindAddress: "2001:db8::1"', any(10_256), { host: '::1', port: 10_249 }],
    [
      'any address of a family is any address',
      'healthzBindAddress: "[::]:10256"\nmetricsBindAddress: 0.0.0.0:10249',
      any(10_256),
      any(10_249),
    ],
    [
      'addresses without ports, as k3s gives them',
      'healthzBindAddress: 127.0.0.1\nmetricsBindAddress: "::"',
      { host: '127.0.0.1', port: 10_256 },
      any(10_249),
    ],
    [
      'addresses and ports',
      'healthzBindAddress: "[2001:db8::1]:1"\nmetricsBindAddress: 192.0.2.1:65535',
      { host: '2001:db8::1', port: 1 },
      { host: '192.0.2.1', port: 65_535 },
    ],
  ])('%s', (_, fields, healthz, metrics) => {
    expect(answers(kubeProxy + fields)).toEqual({ healthz, metrics })
  })

  test('kube-proxy has its ports to itself beside nodelb', () => {
    const nowhere = { healthz: undefined, metrics: undefined }
    const fields = 'healthzBindAddress: 192.0.2.1'
    expect(answers(kubeProxy + fields, 'load-balancer')).toEqual(nowhere)
    expect(answers(nodelb, 'load-balancer')).toEqual(nowhere)
  })

  test('without a KubeProxyConfiguration: where kube-proxy does without one', () => {
    expect(answers(nodelb)).toEqual({ healthz: any(10_256), metrics: loopback })
  })

  test('what nodelb itself is told wins', () => {
    const theirs = `${kubeProxy}healthzBindAddress: 192.0.2.1\nmetricsBindAddress: 192.0.2.1`
    const own = (fields: string) => `${theirs}\n---\n${nodelb}${fields}`
    const mine = { host: '192.0.2.2', port: 10_256 }
    expect(answers(own('healthzBindAddress: 192.0.2.2'))).toMatchObject({
      healthz: mine,
      metrics: { host: '192.0.2.1', port: 10_249 },
    })
    expect(answers(own('healthzBindAddress: 192.0.2.2'), 'load-balancer').healthz).toEqual(mine)
    expect(answers(own('healthzBindAddress: ""')).healthz).toBe(undefined)
  })
})

test.each([
  ['healthzBindAddress', 'localhost:10256', 10_256],
  ['healthzBindAddress', '192.0.2.1:0', 10_256],
  ['metricsBindAddress', '192.0.2.1:70000', 10_249],
  ['metricsBindAddress', '2001:db8::1:10249:', 10_249],
])('%s %s is refused', (field, text, port) => {
  for (const document of [kubeProxy, nodelb]) {
    const result = readConfig(`${document}${field}: "${text}"`, 'config.yaml')
    expect(result.kind).toBe('invalid')
    expect(result.problems.map(printProblem).join()).toContain(
      `${field}: found "${text}", expected an IP address, with or without a port, such as 0.0.0.0:${port}`,
    )
  }
})
