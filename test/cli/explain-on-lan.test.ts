import { expect, test } from 'vitest'
import { addressFacts } from '../../src/cli/explain/address-facts.ts'
import { onLan } from '../../src/cli/explain/on-lan.ts'
import { defaultConfig } from '../../src/config/config.ts'
import type { Address } from '../../src/model/address.ts'
import { readAnnouncing } from '../../src/watch/files/read-announcing.ts'

const ADDRESS = '203.0.113.30' as Address
const { announce } = defaultConfig
const members = { ...announce.layer2.members, keyFile: '/etc/nodelb/members/secretkey' }
const config = {
  ...defaultConfig,
  announce: { ...announce, layer2: { ...announce.layer2, enabled: true, members } },
}

const POOL = {
  ...{ apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool' },
  metadata: { namespace: 'metallb-system', name: 'home' },
  spec: { addresses: ['203.0.113.0/24'] },
}

const ADVERTISEMENT = {
  ...{ apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement' },
  metadata: { namespace: 'metallb-system', name: 'home' },
}

function service(name: string, spec: object = {}): object {
  return {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'shop', name } },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
    status: { loadBalancer: { ingress: [{ ip: ADDRESS }] } },
  }
}

function slice(name: string): object {
  return {
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
    metadata: { namespace: 'shop', name, labels: { 'kubernetes.io/service-name': name } },
    endpoints: [{ addresses: ['10.244.0.10'], nodeName: 'n1' }],
  }
}

function nodes(count: number): readonly object[] {
  return Array.from({ length: count }, (_, at) => {
    return { apiVersion: 'v1', kind: 'Node', metadata: { name: `n${at + 1}` } }
  })
}

function factsOf(items: readonly object[], node: string): readonly string[] {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const input = readAnnouncing(['-'], () => text, config.allocation)
  expect(input.problems).toEqual([])
  const lan = onLan(ADDRESS, node, input, config)
  return addressFacts({ origin: undefined, lan, bgp: undefined }).map(([, line]) => line)
}

test('of very many Nodes four stand for an address, and each other is told so', () => {
  const items = [POOL, ADVERTISEMENT, ...nodes(20), service('web'), slice('web')]
  const lines = nodes(20).map((_, at) => factsOf(items, `n${at + 1}`).at(-1) ?? '')
  expect(lines.filter((line) => line.endsWith('is the first'))).toHaveLength(1)
  expect(lines.filter((line) => /is number [234] of 4$/.test(line))).toHaveLength(3)
  const others = lines.filter((line) => line.includes('may, too, but of so many Nodes only'))
  expect(others).toHaveLength(16)
  expect(others[0]).toMatch(/^this node, n\d+, may, too, .* only the first 4 stand for it$/)
})

test('where nobody announces an address, each Service that has it tells its own reason', () => {
  const services = [service('mail', { loadBalancerClass: 'example.com/other' }), service('web')]
  expect(factsOf([POOL, ...nodes(2), ...services, slice('web')], 'n1')).toEqual([
    'by nobody, for shop/mail: The class example.com/other of the Service is not among loadBalancerClasses',
    'by nobody, for shop/web: No L2Advertisement is for IPAddressPool home; create one that names it',
  ])
})

test('where a Service is silent, another one with the same address is announced all the same', () => {
  const items = [POOL, ADVERTISEMENT, ...nodes(1), service('mail'), service('web'), slice('web')]
  expect(factsOf(items, 'n1')).toEqual([
    'by n1, if all Nodes run and are settled: n1 is the only Node that may',
    'this node, n1, is the first',
  ])
})

test('an address of no LoadBalancer Service is not spoken of', () => {
  expect(factsOf([POOL, ADVERTISEMENT, ...nodes(2)], 'n1')).toEqual([])
})
