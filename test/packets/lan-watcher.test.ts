import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LanReport } from '../support/lan-client.ts'
import { RealLan } from '../support/real-lan.ts'
import { lanAddress } from '../support/real-lan-files.ts'

// What the client of a LAN tells is right: nodes without an agent have the address on their interface,
// and what goes wrong is done by hand, so that it is known.

const V4 = lanAddress(0)
const V6 = lanAddress(0, 'ipv6')
const SERVED = `table inet served { chain in { type nat hook prerouting priority dstnat;
  ip daddr ${V4} tcp dport 80 dnat ip to 10.244.0.10:8080;
  ip6 daddr ${V6} tcp dport 80 dnat ip6 to [fd00:10:244::10]:8080; }; }`
const CUT =
  'table inet cut { chain in { type filter hook input priority 0; tcp dport 8080 drop; }; }'
/** Milliseconds between two questions for one address: kernels that answer remember each sender. */
const SPACING = 40
const LENGTH = 1_000
/** What is measured may be off by this, besides what the client knows it was late by. */
const NOISE = 100

let lan: RealLan

beforeEach(async () => {
  lan = await RealLan.build({ nodes: ['n1', 'n2'], services: 1 })
  for (const name of ['n1', 'n2']) expect(await lan.run(name, ['nft', SERVED])).toBe('')
  await take('n1')
  await lan.watch([V4, V6], { questions: (2 * 1_000) / SPACING })
  await held('n1')
  await lan.report()
})
afterEach(() => lan?.remove())

async function take(name: string): Promise<void> {
  await lan.ip(name, 'address', 'add', `${V4}/32`, 'dev', 'eth0')
  await lan.ip(name, 'address', 'add', `${V6}/128`, 'dev', 'eth0', 'nodad')
}

async function leave(name: string): Promise<void> {
  await lan.ip(name, 'address', 'delete', `${V4}/32`, 'dev', 'eth0')
  await lan.ip(name, 'address', 'delete', `${V6}/128`, 'dev', 'eth0')
}

async function held(name: string): Promise<void> {
  await Promise.all([V4, V6].map((address) => lan.until(address, name)))
}

/** How long something lasted that begins and ends somewhere within two commands. */
async function lasting(
  begin: () => Promise<void>,
  end: () => Promise<void>,
): Promise<{ readonly least: number; readonly most: number }> {
  const beginning = performance.now()
  await begin()
  const begun = performance.now()
  await pause(LENGTH)
  const ending = performance.now()
  await end()
  return { least: ending - begun, most: performance.now() - beginning }
}

/** Resolves with the first report of which this is true. */
async function reported(isExpected: (report: LanReport) => boolean): Promise<LanReport> {
  for (;;) {
    const report = await lan.report()
    if (isExpected(report)) return report
  }
}

function blur({ late }: LanReport): number {
  return 2 * (SPACING + late) + NOISE
}

test('where all is well one answers, and connections get to it', async () => {
  const report = await reported(({ connections }) => connections > 10)
  expect(report).toMatchObject({ unanswered: 0, doubles: 0, doubleFor: 0 })
  expect(Object.keys(report.through)).toEqual(['n1'])
  expect(Object.keys(report.control.through)).toEqual(['stranger'])
  expect(report.silence).toBeLessThan(blur(report))
  expect(await lan.holders()).toEqual({ [V4]: 'n1', [V6]: 'n1' })
})

test('a time without an answer is as long as it was', async () => {
  const { least, most } = await lasting(
    () => leave('n1'),
    () => take('n1'),
  )
  await held('n1')
  const report = await lan.report()
  expect(report).toMatchObject({ doubles: 0 })
  expect(report.unanswered).toBeGreaterThan(0)
  expect(report.silence).toBeGreaterThanOrEqual(least)
  expect(report.silence).toBeLessThanOrEqual(most + blur(report))
})

test('a time without an answer that has not ended is told', async () => {
  await leave('n1')
  await lan.report()
  await pause(LENGTH)
  const report = await lan.report()
  expect(report.unanswered).toBe(report.questions)
  expect(report.silence).toBeGreaterThanOrEqual(LENGTH - blur(report))
})

test('two that answer are seen, for as long as they do', async () => {
  const { least, most } = await lasting(
    () => take('n2'),
    () => leave('n2'),
  )
  const report = await lan.report()
  expect(report).toMatchObject({ unanswered: 0 })
  expect(report.doubles).toBeGreaterThan(0)
  expect(report.doubleFor).toBeGreaterThanOrEqual(least - blur(report))
  expect(report.doubleFor).toBeLessThanOrEqual(most)
  expect(await reported(({ questions }) => questions > 10)).toMatchObject({ doubles: 0 })
})

test('connections that nobody answers are lost, those beside them are not', async () => {
  expect(await lan.run('n1', ['nft', CUT])).toBe('')
  await lan.report()
  const cut = await reported(({ connections }) => connections > 10)
  expect(cut).toMatchObject({ lost: cut.connections, through: {}, unanswered: 0 })
  expect(cut.control.lost).toBeLessThan(cut.control.connections)
  await lan.run('n1', ['nft', 'delete table inet cut'])
  await lan.report()
  expect(await reported(({ through }) => (through['n1'] ?? 0) > 10)).toMatchObject({ doubles: 0 })
})

test('what is lost on the path beside it is not counted as lost', async () => {
  await lan.cable('stranger', 'out')
  await lan.report()
  const { lost, connections, control } = await reported((each) => each.control.connections > 10)
  expect(control).toMatchObject({ lost: control.connections, through: {} })
  expect(lost).toBeLessThan(connections)
})

test('an address that changes hands is seen with the other, and connections follow', async () => {
  await leave('n1')
  await take('n2')
  await held('n2')
  expect(await lan.holders()).toEqual({ [V4]: 'n2', [V6]: 'n2' })
  await lan.ip('client', 'neighbour', 'flush', 'dev', 'eth0')
  await lan.report()
  const report = await reported(({ through }) => (through['n2'] ?? 0) > 10)
  expect(Object.keys(report.through)).toEqual(['n2'])
})
