import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type HeldConnection, Lab, type Stream } from '../support/lab.ts'
import { type Neighbour, neighbour } from './session-setup.ts'

/** The same Service as the fixture's, in tables that share only some names with today's. */
const OLD_LAYOUT = `
table ip nodelb {
  set services { type ipv4_addr . inet_service; elements = { 203.0.113.10 . 80 }; }
  chain translate {
    ip daddr . tcp dport @services dnat to numgen random mod 3 map { 0 : 10.244.1.10, 1 : 10.244.1.11, 2 : 10.244.2.10 }:8080
  }
  chain nat-prerouting { type nat hook prerouting priority -99; policy accept; jump translate; }
  chain nat-output { type nat hook output priority -99; policy accept; jump translate; }
  chain nat-postrouting { type nat hook postrouting priority 99; policy accept; ct status dnat masquerade; }
}
`

const VIP = '203.0.113.10:80'
const froms = ['client', 'client-2', 'node'] as const
let lab: Lab
let held: readonly HeldConnection[]
let streams: readonly Stream[]

beforeAll(async () => {
  lab = await Lab.build()
})
beforeEach(async () => {
  await lab.run('nft', ['-f', '/dev/stdin'], OLD_LAYOUT)
})
afterEach(async () => {
  await lab.nodelb(['cleanup'])
})
afterAll(() => lab.remove())

function agent(): Promise<Neighbour> {
  return neighbour('load-balancer', ['ip', 'netns', 'exec', lab.namespace('node')])
}

async function open(): Promise<void> {
  const route = { to: VIP } as const
  held = await Promise.all(
    froms.flatMap((from) => Array.from({ length: 6 }, () => lab.hold({ ...route, from }))),
  )
  streams = await Promise.all(
    froms.map((from) => lab.pour({ ...route, from, concurrency: 2, pause: 20 })),
  )
}

async function nothingIsLost(): Promise<void> {
  for (const stream of streams) {
    const pods = Object.keys(await stream.stop())
    expect(pods.filter((name) => !name.startsWith('pod-'))).toEqual([])
    expect(pods.length).toBeGreaterThan(0)
  }
  for (const connection of held) {
    const { exchanges, failure } = await connection.release()
    expect(failure).toBeUndefined()
    expect(exchanges).toBeGreaterThan(0)
  }
}

test('an upgrade from another layout loses no connection, nor do kills and starts after it', async () => {
  await open()
  for (let round = 0; round < 5; round++) {
    const running = await agent()
    await lab.run('nft', ['flush', 'ruleset'])
    await running.kill(round % 2 === 0 ? 'SIGKILL' : 'SIGTERM')
  }
  const last = await agent()
  const listing = await lab.run('nft', ['list', 'ruleset'])
  expect(listing.stdout).not.toContain('chain translate')
  await nothingIsLost()
  await last.kill('SIGTERM')
})

test('an owned table outlives a flush every few milliseconds, and no connection is lost', async () => {
  const running = await agent()
  await open()
  const storm = 'for i in $(seq 200); do nft flush ruleset || exit 1; sleep 0.003; done'
  expect(await lab.run('sh', ['-c', storm])).toMatchObject({ exitCode: 0 })
  await nothingIsLost()
  await running.kill('SIGTERM')
})
