import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Connection, type HeldConnection, Lab } from '../support/lab.ts'
import { RunningAgent } from '../support/running-agent.ts'
import type { PodName } from '../support/topology.ts'
import { list, WEB, webNode, webObjects, webService, webSlices } from '../support/web.ts'

let lab: Lab
let folder: string
let config: string
let agents: RunningAgent[]

beforeEach(async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'nodelb-agent-'))
  folder = join(scratch, 'objects')
  config = join(scratch, 'config.yaml')
  mkdirSync(folder)
  agents = []
  lab = await Lab.build()
})

afterEach(async () => {
  await Promise.all(agents.map((agent) => agent.end('SIGKILL')))
  await lab?.remove()
  rmSync(dirname(folder), { recursive: true })
})

/** What the agent follows; the file is never seen half written. */
function write(objects: readonly object[]): void {
  const file = join(folder, 'objects.json')
  writeFileSync(`${file}.new`, list(objects))
  renameSync(`${file}.new`, file)
}

function start(...args: readonly string[]): RunningAgent {
  const agent = RunningAgent.start(
    ['ip', 'netns', 'exec', lab.namespace('node')],
    [
      ...['-f', folder, '--node', 'node-a', '--scope', 'all'],
      ...['--status-socket', join(dirname(folder), 'status.sock'), ...args],
    ],
  )
  agents.push(agent)
  return agent
}

async function pods(connection: Partial<Connection> = {}): Promise<readonly string[]> {
  const results = await lab.probe({ from: 'client', to: WEB.loadBalancer[0], ...connection })
  const answers = results.map((result) => (result.kind === 'answered' ? result.pod : result.kind))
  return [...new Set(answers)].sort()
}

async function rules(): Promise<string> {
  const { stdout } = await lab.run('nft', ['list', 'ruleset'])
  // Who owns the table is not one of its rules.
  return stdout.replace(/ # progname \S+$|^\s*flags (owner)?$/gm, '')
}

test('packets follow what the objects say: pods, none, another port, gone', async () => {
  write(webObjects(['pod-a']))
  const agent = start()
  await agent.next('kernel-committed')
  expect(await pods()).toEqual(['pod-a'])
  const expectations: readonly (readonly [readonly object[], readonly string[]])[] = [
    [webObjects(['pod-a', 'pod-b', 'pod-d']), ['pod-a', 'pod-b', 'pod-d']],
    [webObjects([]), ['refused']],
    [webObjects(['pod-c']), ['pod-c']],
  ]
  for (const [objects, answers] of expectations) {
    write(objects)
    await agent.next('kernel-committed')
    expect(await pods()).toEqual(answers)
    expect(await pods({ to: WEB.loadBalancer[1] })).toEqual(answers)
  }
  write([webNode, webService({ ports: [{ name: 'tcp', port: 81 }] }), ...webSlices(['pod-a'])])
  await agent.next('kernel-committed')
  expect(await pods({ to: '203.0.113.10:81' })).toEqual(['pod-a'])
  write([webNode])
  await agent.next('kernel-committed')
  expect(await rules()).not.toContain('203.0.113.10')
})

test('at the end the rules stay, and the next start changes none', async () => {
  write(webObjects(['pod-a', 'pod-b']))
  const first = start()
  await first.next('kernel-committed')
  const before = await rules()
  expect(await first.end('SIGTERM')).toBe(0)
  expect(await rules()).toBe(before)
  const second = start()
  expect(await second.next('kernel-committed')).toMatchObject({ operations: 0 })
  expect(await rules()).toBe(before)
})

test('--cleanup-on-exit takes the rules along', async () => {
  write(webObjects(['pod-a']))
  const agent = start('--cleanup-on-exit')
  await agent.next('kernel-committed')
  expect(await rules()).toContain('table ip nodelb')
  expect(await agent.end('SIGTERM')).toBe(0)
  expect(await rules()).not.toContain('nodelb')
})

const FLUSHES = 30

test(`${FLUSHES} times nft flush ruleset takes nothing from tables that are owned`, async () => {
  write(webObjects(['pod-a', 'pod-d']))
  const agent = start()
  await agent.next('table-owned')
  await agent.next('kernel-committed')
  const before = await rules()
  const held = await Promise.all(hold(20, { from: 'client', to: WEB.loadBalancer[0] }))
  const stream = await lab.pour({ from: 'client', to: WEB.loadBalancer[1], pause: 5 })
  for (let flush = 0; flush < FLUSHES; flush++) {
    await lab.run('nft', ['flush', 'ruleset'])
    expect(await rules()).toBe(before)
  }
  expect((await lab.run('nft', ['delete', 'table', 'ip', 'nodelb'])).exitCode).not.toBe(0)
  expect(Object.keys(await stream.stop()).sort()).toEqual(['pod-a', 'pod-d'])
  for (const connection of held) expect(await connection.release()).not.toHaveProperty('failure')
})

test(`${FLUSHES} times nft flush ruleset is repaired where the tables are not owned`, async () => {
  write(webObjects(['pod-a', 'pod-d']))
  writeFileSync(
    config,
    'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\nownership: none\n',
  )
  const agent = start('--config', config)
  await agent.next('table-not-owned')
  await agent.next('kernel-committed')
  const before = await rules()
  const times: number[] = []
  for (let flush = 0; flush < FLUSHES; flush++) {
    const began = Date.now()
    await lab.run('nft', ['flush', 'ruleset'])
    const { time } = await agent.next('kernel-committed')
    times.push(Date.parse(String(time)) - began)
    expect(await rules()).toBe(before)
  }
  times.sort((a, b) => a - b)
  console.log(`from nft flush ruleset to its repair: ${times[0]} to ${times.at(-1)} ms`)
  agent.rewind()
  expect(await agent.next('foreign-change')).toMatchObject({ process: 'nft' })
  expect(await pods()).toEqual(['pod-a', 'pod-d'])
})

test('50 restarts in the middle of changes lose no connection', async () => {
  write(webObjects(['pod-a', 'pod-d']))
  const first = start()
  await first.next('kernel-committed')
  const routes = [
    { from: 'client', to: WEB.loadBalancer[0] },
    { from: 'pod-a', to: WEB.cluster[1] },
  ] as const
  const held = await Promise.all(routes.flatMap((route) => hold(50, route)))
  const streams = await Promise.all(
    routes.map((route) => lab.pour({ ...route, concurrency: 2, pause: 10 })),
  )
  await first.end('SIGKILL')
  for (let round = 1; round <= 50; round++) {
    const agent = start()
    // Anywhere from before the first look at the kernel to the middle of the changes.
    const moment = round % 5
    for (let change = 1; change < moment; change++) {
      await agent.next('kernel-committed')
      write(webObjects(podsAfter(round * 5 + change)))
    }
    const signal = round % 2 === 0 ? 'SIGTERM' : 'SIGKILL'
    expect(await agent.end(signal), agent.transcript()).toBeOneOf([0, signal])
  }
  const last = start()
  await last.next('kernel-committed')
  for (const stream of streams) {
    const failures = Object.keys(await stream.stop()).filter((name) => !name.startsWith('pod-'))
    expect(failures).toEqual([])
  }
  for (const connection of held) expect(await connection.release()).not.toHaveProperty('failure')
  await last.end('SIGTERM')
  const again = start()
  expect(await again.next('kernel-committed')).toMatchObject({ operations: 0 })
}, 300_000)

function hold(count: number, route: Connection): Promise<HeldConnection>[] {
  return Array.from({ length: count }, () => lab.hold(route))
}

/** pod-a and pod-d always serve. */
function podsAfter(change: number): PodName[] {
  const others = (['pod-b', 'pod-c', 'pod-e'] as const).filter((_, bit) => (change >> bit) & 1)
  return ['pod-a', 'pod-d', ...others]
}
