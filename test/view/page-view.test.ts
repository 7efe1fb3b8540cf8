import { describe, expect, test } from 'vitest'
import type { ToldNode } from '../../src/decode/cluster/told-node.ts'
import type { Address, Port } from '../../src/model/address.ts'
import type { SliceEndpoint, SliceObject } from '../../src/model/service.ts'
import type { ClusterInput } from '../../src/view/cluster/cluster-input.ts'
import { nodeList } from '../../src/view/cluster/node-list.ts'
import { pageView } from '../../src/view/cluster/page-view.ts'
import { serviceDetail } from '../../src/view/cluster/service-detail.ts'
import type { FrontendInput } from '../../src/view/status-input.ts'
import {
  agentPod as agent,
  calmCluster as cluster,
  toldNode as told,
} from '../support/calm-cluster.ts'

/** When what an agent told is no news any more. */
const OLD = '2025-12-31T23:30:00Z'

/** The facts of a page. */
function factsOf(input: ClusterInput) {
  return pageView(input).facts
}

function service(name: string, state: FrontendInput['state']) {
  const address = '192.0.2.1:80/tcp'
  const frontend = { address, port: 'http', kind: 'load-balancer', state } as const
  const frontends = [{ ...frontend, endpoints: 1, localEndpoints: 0 }]
  return { service: name, created: '', frontends, origin: null, localPolicies: [] }
}

function served(...services: readonly ReturnType<typeof service>[]): ClusterInput['served'] {
  return { services, denials: [] }
}

describe('facts', () => {
  test('of a cluster in which all is well', () => {
    expect(factsOf(cluster()).map(({ value, tone }) => [value, tone])).toEqual([
      ['2 of 2', 'fine'],
      ['0', 'fine'],
      ['–', 'fine'],
      ['–', 'fine'],
      ['–', 'fine'],
    ])
  })

  test.each<[string, Partial<ClusterInput>, number, string, string]>([
    ['no agent is ready', { agents: [] }, 0, '0 of 2', 'bad'],
    ['one agent is missing', { agents: [agent('n1')] }, 0, '1 of 2', 'warn'],
    ['agents on more Nodes', { nodes: [] }, 0, '2 of 2', 'fine'],
    ['a Service refuses', { served: served(service('a/b', 'refuses')) }, 1, '0 of 1', 'warn'],
    ['no endpoint changed', { told: [told('n1')] }, 3, '–', 'fine'],
    ['changes are quick', { told: [told('n1', { p99Milliseconds: 8 })] }, 3, '8 ms', 'fine'],
    ['changes are slow', { told: [told('n1', { p99Milliseconds: 5600 })] }, 3, '5.6 s', 'warn'],
    ['nothing was repaired', { told: [told('n1')] }, 4, '0', 'fine'],
    ['others change rules', { told: [told('n1'), told('n2', { repairs: 3 })] }, 4, '3', 'warn'],
    [
      'what was told is old',
      { told: [told('n1', { observedAt: OLD, repairs: 3 })] },
      4,
      '–',
      'fine',
    ],
    [
      'a pool is nearly full',
      { usage: [{ pool: 'p', family: 'ipv4', size: 10n, held: 9 }] as never },
      2,
      '90 %',
      'warn',
    ],
  ])('%s', (_, more, at, value, tone) => {
    expect(factsOf(cluster(more))[at]).toMatchObject({ value, tone })
  })

  test('of what is not read nothing is said', () => {
    const unread = { agents: true, lease: true, announcers: true, told: true }
    const facts = factsOf(cluster({ unread }))
    expect(facts.filter(({ text }) => text === 'not read').map(({ name }) => name)).toEqual([
      'Agents',
      'Change to kernel',
      'Repairs',
    ])
  })

  test('a pool of IPv6 is not counted out', () => {
    const usage = [{ pool: 'p', family: 'ipv6', size: 2n ** 64n, held: 1 }] as never
    expect(factsOf(cluster({ usage }))[2]?.text).toBe('of p in use')
  })

  test('the slowest Node is named, and those that repaired something', () => {
    const slow = { p99Milliseconds: 40, repairs: 1 }
    const facts = factsOf(
      cluster({ told: [told('n1', { p99Milliseconds: 9, repairs: 2 }), told('n2', slow)] }),
    )
    expect(facts.slice(3).map(({ text }) => text)).toEqual([
      'for 99 of 100 in the last hour, on n2, the slowest',
      'of what others changed, in 24 hours, on 2 Nodes',
    ])
  })
})

describe('what needs a person', () => {
  const texts = (more: Partial<ClusterInput>) =>
    pageView(cluster(more)).matters.map(({ about, text }) => `${about} ${text}`)

  test.each<[string, Partial<ToldNode>, readonly string[]]>([
    ['nothing of a Node that is in order', {}, []],
    [
      'an agent that is ready and tells nothing any more',
      { observedAt: OLD },
      ['n1 its agent has not told how it fares for 40 min'],
    ],
    [
      'a Service that the kernel refuses',
      { refused: [{ service: 'a/b', reason: 'no space' }], refusedServices: 1 },
      ['a/b stays as it was on n1, for the kernel refuses it: no space'],
    ],
  ])('%s', (_, more, expected) => {
    expect(texts({ told: [told('n1', more)] })).toEqual(expected)
  })

  test('a Service that several kernels refuse stands there once', () => {
    const refused = [{ service: 'a/b', reason: 'no space' }]
    expect(texts({ told: [told('n1', { refused }), told('n2', { refused })] })).toEqual([
      'a/b stays as it was on 2 Nodes, for the kernel refuses it: no space',
    ])
  })

  test('an agent that is not ready says why, unless it fell silent long ago', () => {
    const unready = 'containers with unready status: [agent]'
    const why = { ready: false, reason: 'the kernel took no change: EPERM' }
    const of = (more: Partial<ToldNode>, reason = unready) => {
      const agents = [agent('n1', { ready: false, reason }), agent('n2')]
      return texts({ agents, told: [told('n1', more)] })
    }
    const text = 'n1 its agent kube-system/nodelb-n1 is not ready: '
    expect(of(why)).toEqual([`${text}the kernel took no change: EPERM`])
    expect(of({ ...why, observedAt: OLD })).toEqual([`${text}${unready}`])
    expect(of({})).toEqual([`${text}${unready}`])
    expect(of({ ready: false, reason: '' })).toEqual([`${text}${unready}`])
    // What it told before it ended is not why it does not run.
    expect(of(why, 'CrashLoopBackOff')).toEqual([`${text}CrashLoopBackOff`])
  })
})

describe('Nodes', () => {
  test('have the version that their agent tells, or that of its image', () => {
    const digest = `nodelb@sha256:${'ab12'.repeat(16)}`
    const agents = [agent('n1'), agent('n2', { image: digest })]
    const rows = nodeList(cluster({ agents, told: [told('n1', { version: '0.2.0' })] }))
    expect(rows.map(({ version }) => version)).toEqual(['0.2.0', 'sha256:ab12ab12'])
  })

  test('have the agent that is ready while one takes the place of another', () => {
    const agents = [agent('n1', { ready: false, pod: 'old' }), agent('n1', { pod: 'new' })]
    const [first, second] = nodeList(cluster({ agents }))
    expect(first).toMatchObject({ node: 'n1', state: 'ready', agent: { pod: 'new' } })
    expect(second).toMatchObject({ node: 'n2', state: 'no agent', tone: 'warn' })
  })

  test('say that agents are not read, and leave out a Pod without a Node', () => {
    const unread = { agents: true, lease: false, announcers: false, told: false }
    expect(nodeList(cluster({ unread })).map(({ state }) => state)).toEqual([
      'not read',
      'not read',
    ])
    expect(nodeList(cluster({ agents: [agent('')] })).map(({ node }) => node)).toEqual(['n1', 'n2'])
  })
})

test.each<[FrontendInput['state'], string]>([
  ['serves', 'fine'],
  ['contested', 'warn'],
  ['refuses', 'bad'],
  ['refused', 'bad'],
  ['drops', 'bad'],
])('an address that %s is %s', (state, tone) => {
  const [row] = pageView(cluster({ served: served(service('a/b', state)) })).services
  expect(row?.tone).toBe(tone)
})

test('what turns clients away now is bad, and the rest of the same Service is not', () => {
  const problems = [{ about: 'a/b', text: 'spec.ports[0]: found 0' }]
  const view = pageView(cluster({ served: served(service('a/b', 'refuses')), problems }))
  expect(view.matters.map(({ tone }) => tone)).toEqual(['bad', 'warn'])
  const agents = [agent('n1'), agent('n2', { ready: false })]
  expect(pageView(cluster({ agents })).matters.map(({ tone }) => tone)).toEqual(['bad'])
  const homeless = [agent('n1'), agent('n2'), agent('', { ready: false })]
  expect(pageView(cluster({ agents: homeless })).matters).toMatchObject([
    { about: 'kube-system/nodelb-', tone: 'bad' },
  ])
})

test('the newest warnings come first, and not all of a flood', () => {
  const warnings = Array.from({ length: 30 }, (_, each) => {
    const minute = String(each).padStart(2, '0')
    return { about: 'a/b', reason: `R${each}`, message: '', at: `2026-01-01T00:${minute}:00Z` }
  })
  const shown = pageView(cluster({ at: '2026-01-01T00:30:00Z', warnings })).warnings
  expect(shown).toHaveLength(20)
  expect(shown[0]).toEqual({ about: 'a/b', reason: 'R29', message: '', ago: '1 min' })
  const [timeless] = pageView(
    cluster({ warnings: [{ about: 'a/b', reason: 'R', message: '', at: '' }] }),
  ).warnings
  expect(timeless?.ago).toBe('')
})

describe('a Service', () => {
  const endpoint = (more: Partial<SliceEndpoint>): SliceEndpoint => {
    const common = { nodeName: 'n1', zones: undefined, nodes: undefined, terminating: false }
    return { address: '10.0.0.1' as Address, ready: true, serving: true, ...common, ...more }
  }
  const slice: SliceObject = {
    namespace: 'a',
    name: 'b-1',
    service: 'b',
    family: 'ipv4',
    ports: [
      { name: 'http', protocol: 'tcp', port: 8080 as Port },
      { name: '', protocol: 'tcp', port: 9090 as Port },
    ],
    endpoints: [
      endpoint({ nodeName: 'n2', address: '10.0.0.9' as Address }),
      endpoint({ ready: false, terminating: true }),
      endpoint({ ready: false, serving: false, nodeName: undefined }),
    ],
  }

  test('has its endpoints by Node, with what becomes of them', () => {
    const input = cluster({ served: served(service('a/b', 'serves')) })
    const others = { ...slice, service: 'other' }
    const detail = serviceDetail('a/b', input, [others, slice])
    expect(detail.isKnown).toBe(true)
    expect(detail.endpoints.map(({ node, state }) => [node, state])).toEqual([
      ['', 'not ready'],
      ['n1', 'ends'],
      ['n2', 'ready'],
    ])
    expect(detail.endpoints[0]?.ports).toEqual(['http 8080', '9090'])
  })

  test('that waits is known, and one that is not there is not', () => {
    const input = cluster({ waiting: [{ about: 'a/b', text: 'no pool' }] })
    expect(serviceDetail('a/b', input, [])).toMatchObject({ isKnown: true, origin: undefined })
    expect(serviceDetail('a/c', input, []).isKnown).toBe(false)
  })
})
