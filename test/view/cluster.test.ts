import { expect, test } from 'vitest'
import type { Address } from '../../src/model/address.ts'
import type { ClusterInput } from '../../src/view/cluster/cluster-input.ts'
import { clusterMatters } from '../../src/view/cluster/cluster-matters.ts'
import { clusterView } from '../../src/view/cluster/cluster-view.ts'
import { poolList } from '../../src/view/cluster/pool-list.ts'
import {
  agentPod as agent,
  calmCluster as cluster,
  toldNode as told,
} from '../support/calm-cluster.ts'

const matters = (more: Partial<ClusterInput>) => clusterMatters(cluster(more))
const fact = (name: string, more: Partial<ClusterInput>) =>
  clusterView(cluster(more)).facts.find((each) => each.name === name)?.text

test('where all is well nothing needs a person, and agents are in order of Node', () => {
  expect(matters({})).toEqual([])
  const { agents, rows, hidden } = clusterView(cluster())
  expect(agents.map(({ node }) => node)).toEqual(['n1', 'n2'])
  expect({ rows, hidden }).toEqual({ rows: [], hidden: 0 })
})

test('what could not be read is neither trouble nor said to be well', () => {
  const unread = { agents: true, lease: true, announcers: true, told: true }
  expect(matters({ unread, agents: [], lease: undefined })).toEqual([])
  expect(fact('Agents', { unread })).toBe('not read')
  expect(fact('Controller', { unread })).toBe('not read')
  expect(fact('Kernels', { unread })).toBe('not read')
})

test.each([
  [[], 'no Node tells of itself'],
  [[told('n1')], '1 of 1 Node in step, no change in an hour, no repairs in 24 h'],
  [
    [told('n1', { repairs: 1, p99Milliseconds: 9 }), told('n2', { ready: false })],
    '1 of 2 Nodes in step, p99 9 ms, 1 repair in 24 h',
  ],
  [
    [
      told('n1', { repairs: 2, p99Milliseconds: 1240 }),
      told('n2', { drift: { since: '2026-01-01T00:09:00Z', reason: 'nft' }, p99Milliseconds: 7 }),
    ],
    '1 of 2 Nodes in step, p99 1.2 s, 2 repairs in 24 h',
  ],
])('kernels, as agents tell of them: %#', (heard, text) => {
  expect(fact('Kernels', { told: heard })).toBe(text)
})

test('a kernel whose agent crashed or went is not said to be in step', () => {
  const heard = [told('n1'), told('n2')]
  const crashed = [agent('n1'), agent('n2', { ready: false, reason: 'CrashLoopBackOff' })]
  for (const agents of [crashed, [agent('n1')]]) {
    expect(fact('Kernels', { told: heard, agents })).toMatch(/^1 of 2 Nodes in step,/)
  }
  const unread = { agents: true, lease: false, announcers: false, told: false }
  expect(fact('Kernels', { told: heard, unread, agents: [] })).toMatch(/^2 of 2 Nodes in step,/)
})

test('no agent, and agents of two images', () => {
  expect(matters({ agents: [] })).toEqual([
    { about: expect.any(String), text: expect.stringContaining('no agent runs') },
  ])
  expect(fact('Agents', { agents: [] })).toBe('none')
  const agents = [agent('n1'), agent('n2', { image: 'nodelb:2' })]
  expect(matters({ agents })[0]?.text).toBe('agents of 2 images run: nodelb:1, nodelb:2')
  expect(fact('Agents', { agents })).toBe('2 of 2 ready, for 2 Nodes; 2 images')
  const lost = [agent('', { ready: false, reason: 'Pending' }), agent('n1'), agent('n2')]
  expect(matters({ agents: lost })).toEqual([
    { about: 'kube-system/nodelb-', text: 'its agent kube-system/nodelb- is not ready: Pending' },
  ])
})

test('a controller that never ran is missed by the Services that wait alone', () => {
  expect(matters({ lease: undefined })).toEqual([])
  expect(fact('Controller', { lease: undefined })).toBe('none')
  const waiting = [{ about: 'shop/web', text: 'waits' }]
  expect(matters({ lease: undefined, waiting })).toContainEqual({
    about: 'controller',
    text: 'none has ever run here, so no Service gets an address from nodelb',
  })
})

test('a controller that ended, and one that fell silent', () => {
  const ended = { namespace: 'kube-system', holder: '', renewed: '' }
  expect(matters({ lease: ended })[0]?.text).toContain('the last one ended')
  expect(fact('Controller', { lease: ended })).toBe('nobody holds the Lease')
  const never = { ...ended, holder: 'controller-a' }
  expect(matters({ lease: never })).toEqual([])
  expect(fact('Controller', { lease: never })).toBe('kube-system/controller-a')
  const silent = { ...never, renewed: '2026-01-01T00:00:00Z' }
  expect(matters({ lease: silent })[0]?.text).toContain('has not renewed the Lease for 10 min')
})

test('of warnings of one kind the newest counts, and one without a time has none', () => {
  const warning = { about: 'shop/web', reason: 'KernelRefused' }
  const warnings = [
    { ...warning, message: 'new', at: '2026-01-01T00:09:00Z' },
    { ...warning, message: 'old', at: '2026-01-01T00:01:00Z' },
    { about: 'shop/api', reason: 'InvalidService', message: 'bad', at: '' },
  ] as ClusterInput['warnings']
  expect(matters({ warnings })).toEqual([
    { about: 'shop/api', text: 'InvalidService: bad' },
    { about: 'shop/web', text: expect.stringMatching(/^KernelRefused: new \(1 min.* ago\)$/) },
  ])
})

test('a pool without addresses is full, and one with more in use than it has leaves none', () => {
  const usage = [
    { pool: 'a', family: 'ipv4', size: 0n, held: 0 },
    { pool: 'a', family: 'ipv6', size: 2n, held: 3 },
    { pool: 'b', family: 'ipv4', size: 4n, held: 1 },
  ] as ClusterInput['usage']
  const given = [
    { pool: 'b', address: '192.0.2.1' as Address, service: 'shop/web' },
    { pool: 'a', address: '2001:db8::1' as Address, service: 'shop/six' },
  ]
  const rows = poolList(cluster({ usage, given }))
  expect(rows.map(({ used, free, percent, services }) => [used, free, percent, services])).toEqual([
    [0, 0n, 100, []],
    [3, 0n, 100, ['shop/six']],
    [1, 3n, 25, ['shop/web']],
  ])
})
