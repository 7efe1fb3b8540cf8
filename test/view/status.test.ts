import { describe, expect, test } from 'vitest'
import { mattersOf } from '../../src/view/look-at.ts'
import { isInOrder, rowsOf } from '../../src/view/service-rows.ts'
import type { FrontendInput, ServiceInput, StatusInput } from '../../src/view/status-input.ts'
import { statusView } from '../../src/view/status-view.ts'
import { between, clock } from '../../src/view/times.ts'

/** What `nodelb status` says beside what its goldens show. */

const ADDRESS = '203.0.113.1:80/tcp'

function service(name: string, year: number, kind?: FrontendInput['kind']): ServiceInput {
  const counts = { endpoints: 2, localEndpoints: 0 }
  const frontend =
    kind && ({ address: ADDRESS, port: '80', kind, state: 'serves', ...counts } as const)
  return {
    ...{ service: name, created: `${year}-01-01T00:00:00Z`, origin: null, localPolicies: [] },
    frontends: frontend === undefined ? [] : [frontend],
  }
}

const calm: StatusInput = {
  ...{ at: '2026-11-27T03:00:00Z', startedAt: '2026-11-25T01:00:00Z', version: '1', node: 'n' },
  ...{ ready: true, reason: '', backend: 'nftables', scope: 'all', ownership: { kind: 'owned' } },
  lastCommit: { at: '2026-11-26T01:00:00Z', operations: 1, durationMs: 1 },
  ...{
    doubt: null,
    waiting: null,
    refusedConfiguration: null,
    failing: null,
    watches: {},
    objects: { others: 2 },
  },
  ...{ repairs: [], conditions: [], refused: [], contested: [], refusedAddresses: [] },
  ...{
    moreAddresses: [],
    heldPorts: [],
    problems: [],
    invalid: [],
    allocation: [],
    healthChecksWaiting: [],
  },
  services: [],
}

describe('whose a contested address is', () => {
  test.each<[string, readonly ServiceInput[], string]>([
    [
      'the older Service',
      [service('shop/a', 2020, 'load-balancer'), service('shop/b', 2021, 'load-balancer')],
      'which is older',
    ],
    [
      'of two that are as old the one with the smaller name',
      [service('shop/a', 2020, 'load-balancer'), service('shop/b', 2020, 'load-balancer')],
      'which is as old and has the smaller name',
    ],
    [
      'a ClusterIP before any age',
      [service('shop/a', 2022, 'cluster-ip'), service('shop/b', 2020, 'external-ip')],
      'whose ClusterIP it is',
    ],
    ['that of a Service that is not listed', [service('shop/b', 2020)], 'which goes before'],
    [
      'that of a Service that has it no more',
      [service('shop/a', 2020), service('shop/b', 2020)],
      'which goes before',
    ],
    ['where the loser is gone', [service('shop/a', 2020, 'load-balancer')], 'which goes before'],
  ])('%s', (_, services, why) => {
    const contested = [{ service: 'shop/b', address: ADDRESS, winner: 'shop/a' }]
    expect(mattersOf({ ...calm, contested, services })).toEqual([
      { about: 'shop/b', text: `${ADDRESS} is served for shop/a, ${why}` },
    ])
  })
})

test('what waits, fails or is not followed', () => {
  const since = '2026-11-27T02:59:00Z'
  const waiting = { since, reason: 'EPERM', source: 'a.yaml', failed: true }
  const watches = { nodes: { kind: 'starting', since }, services: { kind: 'following', since } }
  const invalid = [{ object: 'EndpointSlice shop/web-1', service: null, problems: ['bad'] }]
  expect(mattersOf({ ...calm, waiting, watches, invalid, problems: ['bad'] })).toEqual([
    { about: 'n', text: 'configuration a.yaml fails for 1 min: EPERM' },
    { about: 'n', text: 'nodes are not followed for 1 min: starting' },
    { about: 'EndpointSlice shop/web-1', text: 'bad' },
  ])
})

describe('rows', () => {
  const plain = { all: false, refused: false }

  test('a Service without an address for clients outside has one only if all are asked for', () => {
    const inside = service('shop/a', 2020, 'cluster-ip')
    expect(rowsOf(inside, plain)).toEqual([])
    const [row] = rowsOf(
      { ...inside, localPolicies: ['internalTrafficPolicy'] },
      { ...plain, all: true },
    )
    expect(row).toMatchObject({ address: '203.0.113.1', here: 0, clusterIps: ['203.0.113.1'] })
  })

  test('a Service without any address that is served here is not ours', () => {
    const local = { ...service('shop/a', 2020), localPolicies: ['internalTrafficPolicy'] }
    const [row] = rowsOf(local, { ...plain, all: true })
    expect(row).toMatchObject({ address: '', ports: [], state: 'not ours', endpoints: 0 })
    expect(row && isInOrder(row)).toBe(true)
  })

  test('a Service that the kernel refuses stays as it was, whatever it asks for', () => {
    const [row] = rowsOf(service('shop/a', 2020, 'load-balancer'), { ...plain, refused: true })
    expect(row).toMatchObject({ state: 'kept' })
    expect(row && isInOrder(row)).toBe(false)
  })

  test('a contested address has no endpoints here by policy', () => {
    const local = service('shop/a', 2020, 'external-ip')
    const frontends = local.frontends.map((each) => ({ ...each, state: 'contested' as const }))
    const localPolicies = ['externalTrafficPolicy']
    const [row] = rowsOf({ ...local, localPolicies, frontends }, plain)
    expect(row).toMatchObject({ state: 'contested', here: undefined })
  })

  test('ports of the node and UDP are told as such, in both families once', () => {
    const node = service('shop/a', 2020, 'node-port')
    const ports = [...node.frontends, ...node.frontends].map((each) => ({
      ...each,
      address: '*:30053/udp',
    }))
    const [row] = rowsOf({ ...node, frontends: ports }, { ...plain, all: true })
    expect(row).toMatchObject({ address: '*', ports: ['30053/udp'], nodePorts: ['30053/udp'] })
  })
})

test('facts of an agent that has run for days', () => {
  const repairs = [{ at: '2026-11-27T02:00:00Z', operations: 1 }]
  const facts = (fields: Partial<StatusInput>) =>
    statusView({ ...calm, ...fields }, { all: false }).facts.map(({ text }) => text)
  expect(facts({})).toEqual([
    'in step since 2026-11-26 01:00:00 (1 d 2 h ago): 1 operation in 1 ms; ours alone',
    '2 others, 1 Node',
    'none in 24 h',
  ])
  expect(facts({ repairs })[2]).toBe('1 in 24 h, the last 1 operation at 02:00:00 (1 h ago)')
  const failing = { since: calm.at, reason: 'EPERM' }
  expect(facts({ failing })[0]).toMatch(/^last commit /)
})

test('durations have two units at most, and are never negative', () => {
  const from = '2026-11-27T00:00:00Z'
  expect(between(from, '2026-11-27T00:00:59Z')).toBe('59 s')
  expect(between(from, '2026-11-27T00:59:59Z')).toBe('59 min')
  expect(between(from, '2026-11-27T03:12:00Z')).toBe('3 h 12 min')
  expect(between(from, '2026-11-29T00:30:00Z')).toBe('2 d')
  expect(between('2026-11-27T00:00:01Z', from)).toBe('0 s')
  expect(clock('2026-11-27T03:11:04.123Z', from)).toBe('03:11:04')
})
