import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Api } from '../support/api.ts'
import { churn, deeds, sizes } from '../support/churn.ts'
import { ControllerTests, writes } from '../support/controller-tests.ts'
import { balanced, paths, pool } from '../support/controllers.ts'
import { wouldChange } from '../support/dry-run.ts'

let tests: ControllerTests
let admin: Api
const services = paths.services('default')

beforeAll(async () => {
  tests = await ControllerTests.begin()
  admin = tests.server.admin
}, 600_000)

afterEach(() => tests.clear())
afterAll(() => tests?.end())

test('without an API server for a minute two replicas change nothing, and settle afterwards', async () => {
  await admin.call('POST', paths.pools, pool('lan', ['192.0.2.0/24']))
  const replicas = [tests.start(), tests.start()]
  await Promise.race(replicas.map((each) => each.first('leading')))
  const first = Array.from({ length: 100 }, (_, i) => balanced(`web-${i}`))
  await admin.create(services, first)
  const { checker } = tests
  // In the middle of the work, so that some are served and others are not.
  await checker.until(() => checker.served().length >= 20)
  await tests.server.kill()
  await Promise.all(replicas.map((each) => each.first('lease-failed')))
  await pause(60_000)
  for (const each of replicas) each.skip()
  await tests.server.resume()
  // One of them says that it leads, and the other one that it follows.
  await Promise.race(replicas.map((each) => each.next('leading')))
  await checker.until(() => checker.served().length === 100)
  await admin.call('POST', services, balanced('late'))
  await checker.until(() => checker.served().length === 101)
  const { spec } = await admin.call('GET', paths.lease)
  await pause(20_000)
  const { spec: later } = await admin.call('GET', paths.lease)
  expect(later.holderIdentity).toBe(spec.holderIdentity)
  expect(later.renewTime > spec.renewTime).toBe(true)
  expect(checker.breaches).toEqual([])
  expect(checker.changes).toBe(101)
  expect(await wouldChange(tests.server)).toBe('')
})

test('50 restarts while 500 Services, their requests and pools change: every rule holds all the time', async () => {
  await admin.call('POST', paths.pools, pool('lan', sizes[0] ?? []))
  await admin.call('POST', paths.pools, pool('spare', ['203.0.113.0/25', '2001:db8:1::/120']))
  const { checker } = tests
  const stop = new AbortController()
  const churning = churn({ admin, first: 500, most: 500, hands: 2, deeds }, stop.signal)
  try {
    for (let round = 0; round < 50; round++) {
      const controller = tests.start()
      await writes(controller, Math.random() * 200)
      expect(checker.breaches).toEqual([])
      await controller.end(round % 2 === 0 ? 'SIGTERM' : 'SIGKILL')
      // A Lease that a killed replica left would hold up every second round for 15 s.
      await admin.ask('DELETE', paths.lease)
    }
  } finally {
    stop.abort()
    await churning
  }
  const all = [...(sizes[0] ?? []), '203.0.113.128/25', '2001:db8:2::/64']
  await admin.call('PATCH', `${paths.pools}/lan`, { spec: { addresses: all } })
  await tests.start().first('leading')
  await checker.until(() => checker.conflicts().length === 0)
  expect(checker.breaches).toEqual([])
  expect(checker.changes).toBeGreaterThan(2_000)
  await expect.poll(() => wouldChange(tests.server), { timeout: 600_000, interval: 1_000 }).toBe('')
}, 3_600_000)
