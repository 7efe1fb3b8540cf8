import { afterEach, beforeEach, expect, test } from 'vitest'
import { AgentLab } from '../support/agent-lab.ts'
import type { Connection, HeldConnection } from '../support/lab.ts'
import { runs } from '../support/runs.ts'
import type { PodName } from '../support/topology.ts'
import { WEB, webNode, webObjects, webService, webSlices } from '../support/web.ts'

let place: AgentLab

beforeEach(async () => {
  place = await AgentLab.build()
})

afterEach(() => place?.remove())

test('packets follow what the objects say: pods, none, another port, gone', async () => {
  place.write(webObjects(['pod-a']))
  const agent = place.start()
  await agent.next('kernel-committed')
  expect(await place.answers()).toEqual(['pod-a'])
  const expectations: readonly (readonly [readonly object[], readonly string[]])[] = [
    [webObjects(['pod-a', 'pod-b', 'pod-d']), ['pod-a', 'pod-b', 'pod-d']],
    [webObjects([]), ['refused']],
    [webObjects(['pod-c']), ['pod-c']],
  ]
  for (const [objects, answers] of expectations) {
    place.write(objects)
    await agent.next('kernel-committed')
    expect(await place.answers()).toEqual(answers)
    expect(await place.answers({ to: WEB.loadBalancer[1] })).toEqual(answers)
  }
  place.write([
    webNode,
    webService({ ports: [{ name: 'tcp', port: 81 }] }),
    ...webSlices(['pod-a']),
  ])
  await agent.next('kernel-committed')
  expect(await place.answers({ to: '203.0.113.10:81' })).toEqual(['pod-a'])
  place.write([webNode])
  await agent.next('kernel-committed')
  expect(await place.rules()).not.toContain('203.0.113.10')
})

test('at the end the rules stay, and the next start changes none', async () => {
  place.write(webObjects(['pod-a', 'pod-b']))
  const first = place.start()
  await first.next('kernel-committed')
  const before = await place.rules()
  expect(await first.end('SIGTERM')).toBe(0)
  expect(await place.rules()).toBe(before)
  const second = place.start()
  expect(await second.next('kernel-committed')).toMatchObject({ operations: 0 })
  expect(await place.rules()).toBe(before)
})

const FLUSHES = runs(30)
const RESTARTS = runs(50)

test(`${FLUSHES} times nft flush ruleset takes nothing from tables that are owned`, async () => {
  place.write(webObjects(['pod-a', 'pod-d']))
  const agent = place.start()
  await agent.next('table-owned')
  await agent.next('kernel-committed')
  const before = await place.rules()
  const held = await Promise.all(hold(20, { from: 'client', to: WEB.loadBalancer[0] }))
  const stream = await place.lab.pour({ from: 'client', to: WEB.loadBalancer[1], pause: 10 })
  for (let flush = 0; flush < FLUSHES; flush++) {
    await place.lab.run('nft', ['flush', 'ruleset'])
    expect(await place.rules()).toBe(before)
  }
  expect((await place.lab.run('nft', ['delete', 'table', 'ip', 'nodelb'])).exitCode).not.toBe(0)
  expect(Object.keys(await stream.stop()).sort()).toEqual(['pod-a', 'pod-d'])
  for (const connection of held) expect(await connection.release()).not.toHaveProperty('failure')
})

test(`${FLUSHES} times nft flush ruleset is repaired where the tables are not owned`, async () => {
  place.write(webObjects(['pod-a', 'pod-d']))
  const agent = place.start('--config', place.configure({ scope: 'all', ownership: 'none' }))
  await agent.next('table-not-owned')
  await agent.next('kernel-committed')
  const before = await place.rules()
  const times: number[] = []
  for (let flush = 0; flush < FLUSHES; flush++) {
    const began = Date.now()
    await place.lab.run('nft', ['flush', 'ruleset'])
    const { time } = await agent.next('kernel-committed')
    times.push(Date.parse(String(time)) - began)
    expect(await place.rules()).toBe(before)
  }
  times.sort((a, b) => a - b)
  console.log(`from nft flush ruleset to its repair: ${times[0]} to ${times.at(-1)} ms`)
  agent.rewind()
  expect(await agent.next('foreign-change')).toMatchObject({ process: 'nft' })
  expect(await place.answers()).toEqual(['pod-a', 'pod-d'])
})

test(`${RESTARTS} restarts in the middle of changes lose no connection`, async () => {
  place.write(webObjects(['pod-a', 'pod-d']))
  const first = place.start()
  await first.next('kernel-committed')
  const routes = [
    { from: 'client', to: WEB.loadBalancer[0] },
    { from: 'pod-a', to: WEB.cluster[1] },
  ] as const
  const held = await Promise.all(routes.flatMap((route) => hold(50, route)))
  const streams = await Promise.all(
    routes.map((route) => place.lab.pour({ ...route, concurrency: 2, pause: 20 })),
  )
  await first.end('SIGKILL')
  for (let round = 1; round <= RESTARTS; round++) {
    const agent = place.start()
    // Anywhere from before the first look at the kernel to the middle of the changes.
    const moment = round % 5
    for (let change = 1; change < moment; change++) {
      await agent.next('kernel-committed')
      place.write(webObjects(podsAfter(round * 5 + change)))
    }
    const signal = round % 2 === 0 ? 'SIGTERM' : 'SIGKILL'
    expect(await agent.end(signal), agent.transcript()).toBeOneOf([0, signal])
  }
  const last = place.start()
  await last.next('kernel-committed')
  for (const stream of streams) {
    const failures = Object.keys(await stream.stop()).filter((name) => !name.startsWith('pod-'))
    expect(failures).toEqual([])
  }
  for (const connection of held) expect(await connection.release()).not.toHaveProperty('failure')
  await last.end('SIGTERM')
  const again = place.start()
  expect(await again.next('kernel-committed')).toMatchObject({ operations: 0 })
}, 900_000)

function hold(count: number, route: Connection): Promise<HeldConnection>[] {
  return Array.from({ length: count }, () => place.lab.hold(route))
}

/** pod-a and pod-d always serve. */
function podsAfter(change: number): PodName[] {
  const others = (['pod-b', 'pod-c', 'pod-e'] as const).filter((_, bit) => (change >> bit) & 1)
  return ['pod-a', 'pod-d', ...others]
}
