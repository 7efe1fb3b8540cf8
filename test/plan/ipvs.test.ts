import { describe, expect, test } from 'vitest'
import type { Address, Cidr, Port } from '../../src/model/address.ts'
import { vipKey } from '../../src/model/frontend-id.ts'
import { defaultIpvsSettings } from '../../src/model/ipvs.ts'
import type { Settings } from '../../src/model/node.ts'
import type { ServiceObject, SliceObject } from '../../src/model/service.ts'
import { planIpvsDelta } from '../../src/plan/ipvs/delta.ts'
import { shownIpvs } from '../../src/plan/ipvs/explain.ts'
import type { IpvsPlan } from '../../src/plan/ipvs/operation.ts'
import { planIpvs } from '../../src/plan/ipvs/plan.ts'
import { createRenderer } from '../../src/render/cluster-renderer.ts'
import { ipvsMemory } from '../../src/render/nftables/kernel-memory.ts'
import { renderCluster } from '../../src/render/render.ts'
import { emptyKernelIpvs, type IpvsRules, type KernelIpvs } from '../../src/ruleset/ipvs/types.ts'
import { ipvsModel } from '../support/ipvs-model.ts'
import { node } from '../support/random-cluster.ts'

const settings: Settings = {
  scope: 'all',
  target: 'pods',
  localTraffic: { kind: 'none' },
  nodePortAddresses: { kind: 'primary' },
  masqueradeAll: false,
  masqueradeBit: 14,
  serviceRanges: [],
  backend: { kind: 'ipvs', ...defaultIpvsSettings },
}

const service: ServiceObject = {
  namespace: 'shop',
  name: 'web',
  created: '',
  clusterAddresses: ['10.96.0.1' as Address],
  externalAddresses: [],
  loadBalancerAddresses: ['203.0.113.1' as Address],
  sourceRanges: [],
  internalPolicy: 'cluster',
  externalPolicy: 'cluster',
  affinity: { kind: 'none' },
  healthCheckPort: undefined,
  ports: [{ name: '', protocol: 'tcp', port: 80 as Port, nodePort: 30080 as Port }],
}

interface State {
  readonly ready?: boolean
  readonly terminating?: boolean
}

/** Endpoints 10.244.2.1 and so on, on another node. */
function slice(states: readonly State[], protocol: 'tcp' | 'udp' = 'tcp'): SliceObject {
  return {
    namespace: 'shop',
    name: 'web-1',
    service: 'web',
    family: 'ipv4',
    ports: [{ name: '', protocol, port: 8080 as Port }],
    endpoints: states.map(({ ready = true, terminating = false }, at) => ({
      address: `10.244.${2 + Math.floor(at / 250)}.${(at % 250) + 1}` as Address,
      nodeName: 'node-b',
      ready,
      serving: ready || terminating,
      terminating,
      zones: undefined,
      nodes: undefined,
    })),
  }
}

function rules(slices: SliceObject[], found: KernelIpvs = emptyKernelIpvs): IpvsRules {
  const cluster = { services: [service], slices }
  const made = renderCluster(cluster, node, settings, ipvsMemory(found)).ipvs()
  if (made === undefined) throw new Error('no rules')
  return made
}

function texts(plan: IpvsPlan): string[] {
  return shownIpvs(plan, () => 'it').map(({ sign, text }) => `${sign} ${text}`)
}

const options = { recorded: undefined, excludedRanges: [] }

test('one endpoint of 3,000 costs one operation for each virtual server', () => {
  const renderer = createRenderer(node, settings)
  const states: State[] = Array.from({ length: 3_000 }, () => ({}))
  renderer.setService(service)
  renderer.setSlice(slice(states))
  renderer.takeChanges()
  const dummy = { name: 'kube-ipvs0', before: true, after: true }
  renderer.setSlice(slice([...states, {}]))
  const grown = renderer.takeChanges()
  expect(planIpvsDelta(grown.ipvs, dummy)).toHaveLength(3)
  expect(grown.elements).toEqual([])
  renderer.setSlice(slice([{ ready: false, terminating: true }, ...states]))
  const { ipvs } = renderer.takeChanges()
  expect(texts(planIpvsDelta(ipvs, dummy))).toEqual([
    '~ -t 10.96.0.1:80 -r 10.244.2.1:8080 -m -w 0',
    '~ -t 203.0.113.1:80 -r 10.244.2.1:8080 -m -w 0',
    '~ -t 192.0.2.1:30080 -r 10.244.2.1:8080 -m -w 0',
  ])
})

describe('an endpoint that was in use', () => {
  test.each<[string, State]>([
    ['terminates', { ready: false, terminating: true }],
    ['is not ready', { ready: false }],
  ])('and %s keeps its connections: weight 0, no removal', (_, state) => {
    const kernel = ipvsModel()
    kernel.apply(planIpvs(kernel.state(), rules([slice([{}, {}])]), options))
    const later = rules([slice([state, {}])], kernel.state())
    const plan = planIpvs(kernel.state(), later, options)
    expect(texts(plan)).toContain('~ -t 10.96.0.1:80 -r 10.244.2.1:8080 -m -w 0')
    expect(plan).toHaveLength(3)
    kernel.apply(plan)
    expect(planIpvs(kernel.state(), rules([slice([state, {}])], kernel.state()), options)).toEqual(
      [],
    )
  })

  test('and left the slices is removed', () => {
    const kernel = ipvsModel()
    kernel.apply(planIpvs(kernel.state(), rules([slice([{}, {}])]), options))
    const plan = planIpvs(kernel.state(), rules([slice([{}])], kernel.state()), options)
    expect(texts(plan)).toContain('- -t 10.96.0.1:80 -r 10.244.2.2:8080 -m -w 1')
  })
})

test('an endpoint that was never in use and is not ready is not there', () => {
  expect(
    rules([slice([{ ready: false }, {}])]).servers.get(vipKey('10.96.0.1', 'tcp', 80)),
  ).toEqual(
    expect.objectContaining({
      destinations: new Map([['10.244.2.2 . 8080', expect.objectContaining({ weight: 1 })]]),
    }),
  )
})

test('what is on excluded addresses is not removed, and its interface stays', () => {
  const kernel = ipvsModel()
  kernel.apply(planIpvs(kernel.state(), rules([slice([{}])]), options))
  const empty = rules([])
  const plan = planIpvs(kernel.state(), empty, {
    ...options,
    recorded: new Set(kernel.state().servers.keys()),
    excludedRanges: ['203.0.113.0/24' as Cidr],
  })
  expect(texts(plan).sort()).toEqual([
    '- -t 10.96.0.1:80',
    '- -t 192.0.2.1:30080',
    '- address 10.96.0.1/32 dev kube-ipvs0',
  ])
})

test('timeouts are set when one that was asked for differs', () => {
  const found = { ...emptyKernelIpvs, timeouts: { tcp: 900, tcpFin: 120, udp: 300 } }
  const wish = (tcp: number, udp: number): IpvsRules => ({
    ...rules([]),
    timeouts: { tcp, tcpFin: 0, udp },
  })
  expect(texts(planIpvs(found, wish(900, 0), options))).toEqual([])
  expect(texts(planIpvs(found, wish(600, 0), options))).toEqual(['~ --set 600 0 0'])
})

test('another scheduler and session affinity are edits', () => {
  const kernel = ipvsModel()
  kernel.apply(planIpvs(kernel.state(), rules([slice([{}])]), options))
  const sticky: ServiceObject = {
    ...service,
    scheduler: 'sh',
    affinity: { kind: 'client-ip', seconds: 600 },
  }
  const changed = renderCluster(
    { services: [sticky], slices: [slice([{}])] },
    node,
    settings,
    ipvsMemory(kernel.state()),
  ).ipvs()
  if (changed === undefined) throw new Error('no rules')
  expect(texts(planIpvs(kernel.state(), changed, options))).toEqual([
    '~ -t 10.96.0.1:80 -s sh -p 600 -b sh-fallback',
    '~ -t 203.0.113.1:80 -s sh -p 600 -b sh-fallback',
    '~ -t 192.0.2.1:30080 -s sh -p 600 -b sh-fallback',
  ])
})

test('the address of another node is left to it', () => {
  const cluster = { services: [service], slices: [slice([{}])] }
  const crowd = { ...node, otherNodes: new Set(['203.0.113.1' as Address]) }
  const made = renderCluster(cluster, crowd, settings).ipvs()
  expect([...(made?.addresses ?? [])]).toEqual(['10.96.0.1'])
  expect([...(made?.servers.keys() ?? [])]).not.toContain('203.0.113.1 . tcp . 80')
})
