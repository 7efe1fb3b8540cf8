import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { NodePublisher } from '../../src/agent/node-publisher.ts'
import type { NodeFacts } from '../../src/model/node-facts.ts'
import type { Answer } from '../../src/watch/api/answer.ts'
import type { ApiClient } from '../../src/watch/api/client.ts'
import { toldNode } from '../support/calm-cluster.ts'

const ALL = '/apis/nodelb.io/v1alpha1/nodelbnodestatuses'
const STATUS = `${ALL}/n1/status`
const OWN_NODE = '/api/v1/nodes?fieldSelector=metadata.name%3Dn1'
const MINUTE = 60_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

type Call = Parameters<ApiClient['fetch']>[0]

function answer(status: number, body: object = {}): Answer {
  return { kind: 'answered', status, text: JSON.stringify(body), retryAfterMs: undefined }
}

/** Publishes until the test is over; the API server has no object at first. */
function begin(more: { hasKind?: boolean; hasNode?: boolean; instead?: Answer } = {}) {
  const world: {
    facts: Partial<NodeFacts>
    object: { metadata?: unknown; status?: unknown } | undefined
    hasKind?: boolean
    hasNode?: boolean
    instead?: Answer | undefined
  } = { facts: {}, object: undefined, ...more }
  const calls: string[] = []
  const told: (string | undefined)[] = []
  const fetch = async ({ method = 'GET', path, body }: Call): Promise<Answer> => {
    calls.push(`${method} ${path}`)
    if (world.instead !== undefined) return world.instead
    if (path === OWN_NODE) {
      const items = world.hasNode === false ? [] : [{ metadata: { name: 'n1', uid: 'uid-1' } }]
      return answer(200, { items })
    }
    if (world.hasKind === false) return answer(404)
    if (method === 'POST') world.object = body as object
    if (world.object === undefined) return answer(404)
    if (method === 'PATCH') world.object = { ...world.object, ...(body as object) }
    return answer(200)
  }
  const publisher = new NodePublisher({
    ...{ client: { fetch }, node: 'n1' },
    facts: () => {
      const { node: _node, ...facts } = toldNode('n1', { observedAt: new Date().toISOString() })
      return { ...facts, ...world.facts }
    },
    tell: (reason) => told.push(reason),
  })
  const abort = new AbortController()
  const ended = publisher.run(abort.signal)
  onTestFinished(async () => {
    abort.abort()
    await ended
  })
  const writes = () => calls.filter((each) => each.startsWith('PATCH')).length
  const passes = (ms: number) => vi.advanceTimersByTimeAsync(ms)
  return { world, calls, told, writes, passes }
}

test('the object is made once, owned by its Node, and then written with one request', async () => {
  const { world, calls, told, passes } = begin()
  await passes(5_000)
  expect(calls).toEqual([`PATCH ${STATUS}`, `GET ${OWN_NODE}`, `POST ${ALL}`, `PATCH ${STATUS}`])
  expect(world.object).toMatchObject({
    metadata: {
      name: 'n1',
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'uid-1' }],
    },
    status: { version: '0.1.0', backend: 'nftables', ready: true, drift: null },
  })
  world.facts = { repairs: 1 }
  await passes(2 * MINUTE)
  expect(calls.slice(4)).toEqual([`PATCH ${STATUS}`])
  expect(world.object).toMatchObject({ status: { repairs: 1 } })
  expect([...new Set(told)]).toEqual([undefined])
})

test('times that go on are written every ten minutes, and what a person cares about within two', async () => {
  const { world, writes, passes } = begin()
  await passes(5_000)
  expect(writes()).toBe(2)
  for (let minute = 0; minute < 9; minute++) {
    world.facts = { comparedAt: new Date().toISOString(), changes: minute, p99Milliseconds: null }
    await passes(MINUTE)
  }
  expect(writes()).toBe(2)
  await passes(3 * MINUTE)
  expect(writes()).toBe(3)
  for (const facts of [{ ready: false }, { backend: 'ipvs' }, { p99Milliseconds: 500 }]) {
    const before = writes()
    world.facts = facts
    await passes(2 * MINUTE)
    expect(writes()).toBe(before + 1)
  }
  // Half as much again is no news.
  world.facts = { p99Milliseconds: 700 }
  await passes(2 * MINUTE)
  expect(writes()).toBe(6)
})

test('what changes all the time is written less than twice a minute', async () => {
  const { world, writes, passes } = begin()
  await passes(2 * MINUTE)
  const before = writes()
  for (let second = 0; second < 3600; second++) {
    world.facts = { repairs: second }
    await passes(1_000)
  }
  expect(writes() - before).toBeLessThanOrEqual(90)
  expect(writes() - before).toBeGreaterThanOrEqual(45)
})

test('without the kind it is told why, and asked for again ten times an hour at most', async () => {
  const { world, calls, told, passes } = begin({ hasKind: false })
  await passes(5_000)
  expect(told).toEqual([expect.stringContaining('deploy/crds/nodelb')])
  const before = calls.length
  await passes(60 * MINUTE)
  expect((calls.length - before) / 3).toBeLessThanOrEqual(12)
  world.hasKind = true
  await passes(10 * MINUTE)
  expect(told.at(-1)).toBe(undefined)
  expect(world.object).toMatchObject({ status: { ready: true } })
})

test('an agent without the right to write asks as seldom', async () => {
  const { calls, told, passes } = begin({ instead: answer(403, { message: 'forbidden' }) })
  await passes(5_000)
  expect(told).toEqual([expect.stringContaining('403')])
  await passes(60 * MINUTE)
  expect(calls.length).toBeLessThanOrEqual(13)
})

test('a token that is refused, which is read again, is tried soon', async () => {
  const { world, passes } = begin({ instead: answer(401) })
  await passes(5_000)
  world.instead = undefined
  await passes(2 * MINUTE)
  expect(world.object).toMatchObject({ status: { ready: true } })
})

test('an API server that asks for a while of silence gets it', async () => {
  const busy = { ...answer(429), retryAfterMs: 60_000 } as Answer
  const { calls, passes } = begin({ instead: busy })
  await passes(5_000)
  await passes(55_000)
  expect(calls).toHaveLength(1)
})

test('an API server that is away has it soon after it is back', async () => {
  const { world, told, passes } = begin({ instead: { kind: 'broken', reason: 'refused' } })
  await passes(10 * MINUTE)
  expect(new Set(told)).toEqual(new Set(['refused']))
  world.instead = undefined
  await passes(2 * MINUTE)
  expect(told.at(-1)).toBe(undefined)
  expect(world.object).toMatchObject({ status: { ready: true } })
})

test('without its Node there is nothing to own the object, and it is not made', async () => {
  const { world, calls, passes } = begin({ hasNode: false })
  await passes(10 * MINUTE)
  expect(calls.filter((each) => each.startsWith('POST'))).toEqual([])
  world.hasNode = true
  await passes(2 * MINUTE)
  expect(world.object).toMatchObject({ status: { ready: true } })
})

test('what was deleted is there again after the next write', async () => {
  const { world, passes } = begin()
  await passes(5_000)
  world.object = undefined
  await passes(12 * MINUTE)
  expect(world.object).toMatchObject({ status: { ready: true } })
})

test('where the clock is set back the times are told again, before it has come as far as it was', async () => {
  const { world, passes } = begin()
  await passes(5_000)
  const back = Date.now() - 24 * 60 * MINUTE
  vi.setSystemTime(back)
  await passes(2 * MINUTE)
  const status = world.object?.status as NodeFacts
  expect(Date.parse(status.observedAt)).toBeLessThanOrEqual(back + 2 * MINUTE)
})
