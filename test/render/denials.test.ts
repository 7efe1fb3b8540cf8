import { expect, test } from 'vitest'
import { reasonOf, type WhyDenied, winnerOf } from '../../src/frontend/denials.ts'
import type { Address, Cidr, Port } from '../../src/model/address.ts'
import { nftablesBackend } from '../../src/model/backend.ts'
import { defaultIpvsSettings } from '../../src/model/ipvs.ts'
import type { NodeView, Settings } from '../../src/model/node.ts'
import type { ServiceObject } from '../../src/model/service.ts'
import { tuple } from '../../src/model/tuple.ts'
import { createRenderer } from '../../src/render/cluster-renderer.ts'
import type { Renderer } from '../../src/render/renderer.ts'

const node: NodeView = {
  name: 'node-a',
  zone: undefined,
  addresses: ['192.0.2.1' as Address, '2001:db8:1::1' as Address],
  podCidrs: [],
  furtherAddresses: ['198.51.100.1' as Address],
}

const all: Settings = {
  scope: 'all',
  target: 'pods',
  localTraffic: { kind: 'none' },
  nodePortAddresses: { kind: 'primary' },
  masqueradeAll: false,
  masqueradeBit: 14,
  serviceRanges: [],
  protectedPorts: [10250],
  backend: nftablesBackend,
}
const beside: Settings = { ...all, scope: 'load-balancer' }
const withIpvs: Settings = { ...all, backend: { kind: 'ipvs', ...defaultIpvsSettings } }

interface Asks {
  readonly created?: string
  readonly cluster?: string
  readonly external?: readonly string[]
  readonly balanced?: readonly string[]
  readonly ports?: readonly number[]
  readonly nodePort?: number
}

function service(name: string, asks: Asks): ServiceObject {
  return {
    namespace: 'default',
    name,
    created: asks.created ?? '2026-01-01T00:00:00Z',
    clusterAddresses: asks.cluster === undefined ? [] : [asks.cluster as Address],
    externalAddresses: (asks.external ?? []) as Address[],
    loadBalancerAddresses: (asks.balanced ?? []) as Address[],
    sourceRanges: [],
    internalPolicy: 'cluster',
    externalPolicy: 'cluster',
    affinity: { kind: 'none' },
    healthCheckPort: undefined,
    ports: (asks.ports ?? [80]).map((port) => ({
      name: `p${port}`,
      protocol: 'tcp',
      port: port as Port,
      nodePort: asks.nodePort as Port | undefined,
    })),
  }
}

function rendererOf(settings: Settings, services: readonly ServiceObject[], on = node): Renderer {
  const renderer = createRenderer(on, settings)
  for (const each of services) renderer.setService(each)
  renderer.takeChanges()
  return renderer
}

/** `service: key why winner` */
function denied(settings: Settings, services: readonly ServiceObject[], on = node): string[] {
  return rendererOf(settings, services, on)
    .denials()
    .map(({ service: name, key, why }) => {
      const winner = 'winner' in why ? ` ${why.winner}` : ''
      return `${name}: ${key} ${why.kind}${winner}`
    })
}

const old = '2020-01-01T00:00:00Z'
const dns = service('dns', { cluster: '10.96.0.10', ports: [53] })

test.each([
  ['beside kube-proxy', beside],
  ['in its place', all],
  ['with ipvs', withIpvs],
])('%s no port of a ClusterIP is given to another Service, however old', (_, settings) => {
  const evil = service('a', { created: old, external: ['10.96.0.10'], ports: [53, 80] })
  const lent = service('b', { created: old, balanced: ['10.96.0.10'], ports: [443] })
  expect(denied(settings, [evil, lent, dns])).toEqual([
    'default/a: 10.96.0.10 . tcp . 53 cluster-ip default/dns',
    'default/a: 10.96.0.10 . tcp . 80 cluster-ip default/dns',
    'default/b: 10.96.0.10 . tcp . 443 cluster-ip default/dns',
  ])
  const own = { ...dns, externalAddresses: ['10.96.0.10' as Address] }
  expect(denied(settings, [own])).toEqual([])
})

test('beside kube-proxy its own ClusterIP is no external address of a Service', () => {
  const own = service('dns', { cluster: '10.96.0.10', external: ['10.96.0.10', '203.0.113.1'] })
  const sets = rendererOf(beside, [own]).ruleset().ip?.elements.values() ?? []
  const keys = [...sets].flatMap((each) => [...each.keys()])
  expect(keys.filter((key) => key.startsWith('10.96.0.10 '))).toEqual([])
  expect(keys.filter((key) => key.startsWith('203.0.113.1 '))).not.toEqual([])
})

test.each([
  ['beside kube-proxy', beside],
  ['in its place', all],
  ['with ipvs', withIpvs],
])(
  '%s a NodePort goes before addresses of others on the node, and not elsewhere',
  (_, settings) => {
    const bank = service('bank', { cluster: '10.96.0.2', nodePort: 30080 })
    const asked = { created: old, external: ['192.0.2.1', '203.0.113.1'], ports: [30080, 30081] }
    const evil = service('a', asked)
    const lent = service('b', { created: old, balanced: ['192.0.2.1'], ports: [30080] })
    expect(denied(settings, [evil, lent, bank])).toEqual([
      'default/a: 192.0.2.1 . tcp . 30080 node-port default/bank',
      'default/b: 192.0.2.1 . tcp . 30080 node-port default/bank',
    ])
    const own = service('bank', { ...asked, external: ['192.0.2.1'], nodePort: 30080 })
    expect(denied(settings, [own])).toEqual([])
  },
)

test.each([
  ['beside kube-proxy', beside],
  ['in its place', all],
  ['with ipvs', withIpvs],
])(
  '%s a healthCheckNodePort goes before addresses of others on the node, and not elsewhere',
  (_, settings) => {
    const bank = { ...service('bank', { cluster: '10.96.0.2' }), healthCheckPort: 30123 as Port }
    const asked = {
      created: old,
      external: ['192.0.2.1', '2001:db8:1::1', '203.0.113.1'],
      ports: [30123, 30124],
    }
    const evil = service('a', asked)
    const lent = service('b', { created: old, balanced: ['192.0.2.1'], ports: [30123] })
    const lost = [
      'default/a: 192.0.2.1 . tcp . 30123 health-check default/bank',
      'default/a: 2001:db8:1::1 . tcp . 30123 health-check default/bank',
      'default/b: 192.0.2.1 . tcp . 30123 health-check default/bank',
    ]
    expect(denied(settings, [evil, lent, bank])).toEqual(lost)
    expect(denied(settings, [bank, lent, evil])).toEqual(lost)
    const ports = evil.ports.map((port) => ({ ...port, protocol: 'udp' as const }))
    expect(denied(settings, [{ ...evil, ports }, bank])).toEqual([])
    const own = { ...service('bank', asked), healthCheckPort: 30123 as Port }
    expect(denied(settings, [own])).toEqual([])
    const renderer = rendererOf(settings, [evil, bank])
    renderer.removeService('default/bank')
    expect(renderer.denials()).toEqual([])
  },
)

test('a load-balancer address goes before externalIPs, then the older Service, then the name', () => {
  const services = [
    service('a', { created: old, external: ['203.0.113.1', '203.0.113.2'] }),
    service('b', { balanced: ['203.0.113.1'] }),
    service('c', { external: ['203.0.113.2'] }),
    service('d', { created: '', external: ['203.0.113.2'] }),
  ]
  const expected = [
    'default/a: 203.0.113.1 . tcp . 80 contested default/b',
    'default/c: 203.0.113.2 . tcp . 80 contested default/a',
    'default/d: 203.0.113.2 . tcp . 80 contested default/a',
  ]
  expect(denied(all, services)).toEqual(expected)
  expect(denied(all, [...services].reverse())).toEqual(expected)
})

test('what is refused to every Service that asks for it', () => {
  const ranges: Settings = {
    ...all,
    serviceRanges: ['10.96.0.0/16' as Cidr],
    externalIps: {
      allow: ['203.0.113.0/24' as Cidr, '192.0.2.0/24' as Cidr],
      nodeAddresses: false,
    },
  }
  const asks = { external: ['192.0.2.1', '198.18.0.1', '10.96.9.9', '203.0.113.1'] }
  expect(denied(ranges, [service('a', asks), service('b', { balanced: asks.external })])).toEqual([
    'default/a: 10.96.9.9 . tcp . 80 service-range',
    'default/a: 192.0.2.1 . tcp . 80 node-address',
    'default/a: 198.18.0.1 . tcp . 80 range-not-allowed',
    'default/a: 203.0.113.1 . tcp . 80 contested default/b',
    'default/b: 10.96.9.9 . tcp . 80 service-range',
  ])
  const everywhere = ['192.0.2.1', '198.51.100.1', '203.0.113.1']
  const greedy = service('a', { external: everywhere, ports: [10250, 80] })
  const lent = service('b', { balanced: everywhere, ports: [10250] })
  expect(denied(all, [greedy, lent])).toEqual([
    'default/a: 192.0.2.1 . tcp . 10250 protected-port',
    'default/a: 198.51.100.1 . tcp . 10250 protected-port',
    'default/a: 203.0.113.1 . tcp . 10250 contested default/b',
    'default/b: 192.0.2.1 . tcp . 10250 protected-port',
    'default/b: 198.51.100.1 . tcp . 10250 protected-port',
  ])
})

test.each<[string, WhyDenied]>([
  ['goes before', { kind: 'contested', winner: 'shop/web' }],
  ['take it out of externalIPs', { kind: 'cluster-ip', winner: 'shop/web' }],
  ['choose another port', { kind: 'node-port', winner: 'shop/web' }],
  ['choose another port', { kind: 'health-check', winner: 'shop/web' }],
  ['10.96.0.0/16', { kind: 'service-range', range: '10.96.0.0/16' as Cidr }],
  ['use an address in one of them', { kind: 'range-not-allowed' }],
  ["node's own address", { kind: 'node-address' }],
  ['protectedPorts', { kind: 'protected-port' }],
  ['another Node', { kind: 'other-node' }],
])('a Service that is refused an address is told "%s" and by whom', (told, why) => {
  const denial = { service: 'shop/a', key: tuple('203.0.113.1', 'tcp', 80), why }
  const winner = 'winner' in why ? why.winner : undefined
  expect(winnerOf(denial)).toBe(winner)
  expect(reasonOf(denial)).toContain(told)
  expect(reasonOf(denial)).toContain(winner ?? told)
})

test('with ipvs another Node takes external addresses away, and no ClusterIP', () => {
  const on = { ...node, otherNodes: new Set(['10.96.0.10', '203.0.113.1'] as Address[]) }
  const web = service('web', { cluster: '10.96.0.3', external: ['203.0.113.1'] })
  expect(denied(withIpvs, [dns, web], on)).toEqual([
    'default/web: 203.0.113.1 . tcp . 80 other-node',
  ])
  expect(denied(all, [dns, web], on)).toEqual([])
})

test('with ipvs a change of other Nodes costs what it changes', () => {
  const many = Array.from({ length: 3_000 }, (_, n) => {
    const address = `${n >> 8}.${n & 255}`
    return service(`m${n}`, { cluster: `10.96.${address}`, external: [`203.${address}.1`] })
  })
  const began = performance.now()
  const renderer = rendererOf(withIpvs, many)
  const all = performance.now() - began
  const there = `203.${700 >> 8}.${700 & 255}.1` as Address
  const rounds = 50
  const changed = performance.now()
  for (let round = 0; round < rounds; round++) {
    const elsewhere = [`198.18.0.${round}`] as Address[]
    renderer.changeOtherNodes({ come: [there], gone: elsewhere })
    const lost = renderer.takeChanges()
    renderer.changeOtherNodes({ come: elsewhere, gone: [there] })
    const back = renderer.takeChanges()
    for (const { elements, frames } of [lost, back]) {
      expect(elements.map(({ before, after }) => (after ?? before)?.comment)).toEqual([
        'default/m700:p80 external-ip',
      ])
      expect(frames.size).toBe(0)
    }
  }
  expect((performance.now() - changed) / (2 * rounds)).toBeLessThan(all / 20)
})

test('what changed is told of those whom it concerns, once', () => {
  const evil = service('a', { created: old, external: ['10.96.0.10', '203.0.113.1'], ports: [53] })
  const renderer = rendererOf(all, [evil])
  const told = (): object =>
    Object.fromEntries(
      [...renderer.takeDenials()].map(([name, denials]) => [name, denials.map(({ key }) => key)]),
    )
  expect(told()).toEqual({})
  renderer.setService(dns)
  expect(told()).toEqual({ 'default/a': ['10.96.0.10 . tcp . 53'] })
  expect(told()).toEqual({})
  renderer.setService(service('other', { cluster: '10.96.0.11' }))
  expect(told()).toEqual({})
  renderer.setService(service('b', { balanced: ['203.0.113.1'], ports: [53] }))
  expect(told()).toEqual({ 'default/a': ['10.96.0.10 . tcp . 53', '203.0.113.1 . tcp . 53'] })
  renderer.removeService('default/dns')
  expect(told()).toEqual({ 'default/a': ['203.0.113.1 . tcp . 53'] })
  renderer.removeService('default/b')
  expect(told()).toEqual({ 'default/a': [] })
})

test('a change touches those who win or lose by it, not all who ask for the same', () => {
  const asks = { external: ['203.0.113.1'] }
  const many = Array.from({ length: 50 }, (_, i) => service(`m${i + 10}`, asks))
  const renderer = rendererOf(all, many)
  renderer.setService(service('a', asks))
  const { elements } = renderer.takeChanges()
  expect(elements.map(({ before, after }) => [before?.comment, after?.comment])).toEqual([
    ['default/m10:p80 external-ip', 'default/a:p80 external-ip'],
  ])
})
