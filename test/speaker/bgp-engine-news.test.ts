import { expect, test } from 'vitest'
import type { Brought } from '../../src/apply/bgp/frr.ts'
import type { Plan } from '../../src/plan/bgp/operation.ts'
import { treeOf } from '../../src/render/bgp/frr-tree.ts'
import type { BgpOutlook } from '../../src/speaker/bgp/decisions.ts'
import { EngineNews } from '../../src/speaker/bgp/engine-news.ts'
import type { BgpNews } from '../../src/speaker/bgp/news.ts'
import { decided } from '../announce/bgp/objects.ts'
import { node } from '../announce/objects.ts'

function outlook(): BgpOutlook {
  const decision = decided()
  const tree = treeOf(decision)
  const rest = { isDrained: false, isRemoved: false, node: node('n1'), configured: [] }
  return { decision, tree, problems: [], again: undefined, left: undefined, ...rest }
}

function brought(lines: readonly string[], refused: number): Extract<Brought, { kind: 'brought' }> {
  const plan: Plan = lines.map((line) => {
    return { kind: 'set', context: 'router bgp 64500', line, before: line, isNew: false }
  })
  const all = plan.map((operation) => ({ operation, said: '' }))
  const trees = { before: new Map(), now: new Map() }
  return { kind: 'brought', ...trees, plan, problems: [], refused: all.slice(0, refused) }
}

function telling() {
  const told: BgpNews[] = []
  return { told, news: new EngineNews((each) => told.push(each)) }
}

const PASSWORD = 'neighbor 10.0.0.1 password hunter2'

test('a failure is told once for each reason, and the return of FRR with what it took', () => {
  const { told, news } = telling()
  news.lost('gone')
  news.lost('gone')
  news.lost('still gone')
  expect(news.failure).toBe('still gone')
  news.brought(brought([PASSWORD], 0), outlook(), 5)
  expect(news.failure).toBeUndefined()
  expect(told).toEqual([
    { event: 'bgp-engine-lost', reason: 'gone' },
    { event: 'bgp-engine-lost', reason: 'still gone' },
    { event: 'bgp-engine-ready', operations: 1, routes: 1 },
  ])
})

test('a change is told with what it resets, without passwords', () => {
  const { told, news } = telling()
  news.brought(brought([], 0), outlook(), 5)
  news.brought(brought([PASSWORD, 'neighbor 10.0.0.1 timers connect 5'], 0), outlook(), 7)
  expect(told.slice(1)).toEqual([
    {
      ...{ event: 'bgp-configured', operations: 2, routes: 1, durationMs: 7 },
      resets: ['~ neighbor 10.0.0.1 password ***   # resets the session'],
    },
  ])
})

test('what others changed is told in short, unless FRR just does not take it', () => {
  const { told, news } = telling()
  const same = outlook()
  const many = Array.from({ length: 30 }, (_, at) => `network 192.0.2.${at}/32`)
  news.brought(brought([], 0), same, 5)
  news.brought(brought(many, 0), same, 5)
  expect(told.slice(1)).toEqual([
    {
      event: 'bgp-drift-repaired',
      operations: 30,
      found: expect.stringContaining('and 11 lines more'),
    },
  ])
  const { told: others, news: refusing } = telling()
  refusing.brought(brought(many, 30), same, 5)
  refusing.brought(brought(many, 30), same, 5)
  expect(others.map(({ event }) => event)).toEqual(['bgp-engine-ready'])
})
