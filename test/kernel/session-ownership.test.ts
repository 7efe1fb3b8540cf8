import { execFile } from 'node:child_process'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { ownPort } from '../../src/apply/nftables/port.ts'
import { supportsOwnership } from '../../src/apply/nftables/supports-ownership.ts'
import { program } from '../../src/dataplane/nftables/program.ts'
import { removeTables } from '../../src/dataplane/nftables/removal.ts'
import { startSession } from '../../src/dataplane/nftables/start-session.ts'
import { TABLE_FLAG } from '../../src/ruleset/nftables/types.ts'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import {
  asterisk,
  begin,
  committed,
  jellyfin,
  listed,
  neighbour,
  scale,
  tablesOf,
} from './session-setup.ts'

const OWNED = TABLE_FLAG.owner | TABLE_FLAG.persist

let other: NetlinkSocket
beforeAll(() => enterNewNetwork())
beforeEach(() => {
  other = NetlinkSocket.open()
})
afterEach(async () => {
  await removeTables(other)
  other.close()
})

test('asking whether the kernel knows ownership leaves no trace', async () => {
  const generation = await other.generation()
  expect(await supportsOwnership(other)).toBe(true)
  expect(await other.generation()).toBe(generation)
})

describe('tables of a running session', () => {
  test('belong to its socket, and are read by others as before', async () => {
    await program(other, asterisk)
    const before = await listed()
    await removeTables(other)
    await using running = await begin(asterisk)
    const owner = await ownPort(running.socket)
    expect(await tablesOf(other)).toMatchObject([
      { family: 'ip', flags: OWNED, owner },
      { family: 'ip6', flags: OWNED, owner },
    ])
    expect(await listed()).toEqual(before)
  })

  test.each([
    'delete table ip nodelb',
    'flush table ip nodelb',
    'flush chain ip nodelb dispatch',
    'delete element ip nodelb services { 203.0.113.76 . udp . 5060 }',
    'add element ip nodelb services { 203.0.113.99 . udp . 5060 }',
    'add rule ip6 nodelb dispatch drop',
  ])('refuse `nft %s`', async (command) => {
    await using running = await begin(asterisk)
    const before = await listed()
    await expect(nft(command)).rejects.toThrow('Operation not permitted')
    expect(await listed()).toEqual(before)
    expect(await running.session.verify()).toMatchObject({ operations: 0, repaired: [] })
  })

  test('outlive flush ruleset again and again while changes are followed', async () => {
    await using running = await begin(jellyfin, { watch: true })
    const flushing = execFile('sh', ['-c', 'for i in $(seq 50); do nft flush ruleset; done'])
    const ended = new Promise((resolve) => flushing.once('exit', resolve))
    let rounds = 0
    for (let round = 0; round < 200 || flushing.exitCode === null; round++) {
      scale(running.session, jellyfin, 2 + (round % 3))
      expect(committed(await running.session.sync()).operations).toBeGreaterThan(0)
      await new Promise((resolve) => setImmediate(resolve))
      rounds += 1
    }
    await ended
    expect(rounds).toBeGreaterThanOrEqual(200)
    expect(running.dumps() / 2, 'lists of rules, where rules changed').toBeLessThanOrEqual(rounds)
    expect(await running.session.verify()).toMatchObject({ operations: 0 })
  })

  test('are told apart by nodelb apply and cleanup, which say who is in the way', async () => {
    const agent = await neighbour('load-balancer-many-endpoints')
    const reason = new RegExp(`\\S+ \\(pid ${agent.pid}\\) owns nodelb's tables`)
    expect(await program(other, asterisk)).toEqual({
      kind: 'failed',
      reason: expect.stringMatching(reason),
      details: [],
    })
    expect((await removeTables(other)).remains).toMatch(reason)
    expect(await startSession(other, asterisk)).toMatchObject({
      kind: 'failed',
      outcome: { reason: expect.stringMatching(reason) },
    })
    expect(await program(other, jellyfin)).toMatchObject({ kind: 'committed', operations: 0 })
    await agent.kill('SIGTERM')
  })
})

describe('tables that a session left', () => {
  test('stay when its socket closes, and are adopted without a changed rule', async () => {
    const first = await begin(asterisk)
    const before = await listed()
    await first[Symbol.asyncDispose]()
    expect(await tablesOf(other)).toMatchObject([
      { flags: TABLE_FLAG.persist },
      { flags: TABLE_FLAG.persist },
    ])
    await using running = await begin(asterisk)
    expect(running.first).toMatchObject({ operations: 0, refusals: [] })
    const owner = await ownPort(running.socket)
    expect(await tablesOf(other)).toMatchObject([
      { flags: OWNED, owner },
      { flags: OWNED, owner },
    ])
    expect(await listed()).toEqual(before)
  })

  test('stay when its process is killed, and are adopted', async () => {
    const agent = await neighbour('session-affinity-dual-stack')
    const before = await listed()
    await agent.kill('SIGKILL')
    expect(await listed()).toEqual(before)
    await using running = await begin(asterisk)
    expect(running.first).toMatchObject({ operations: 0 })
    await expect(nft('delete table ip nodelb')).rejects.toThrow('Operation not permitted')
  })

  test('are taken back in the commit that changes them', async () => {
    await (await begin(jellyfin))[Symbol.asyncDispose]()
    const generation = await other.generation()
    await using running = await begin(asterisk)
    expect(await other.generation()).toBe(generation + 1)
    expect(running.first.operations).toBeGreaterThan(0)
    await program(other, asterisk)
    expect(await tablesOf(other)).toMatchObject([{ flags: OWNED }, { flags: OWNED }])
  })

  test('can be changed by nodelb apply, and removed by cleanup', async () => {
    await (await begin(jellyfin))[Symbol.asyncDispose]()
    expect(await program(other, asterisk)).toMatchObject({ kind: 'committed', refusals: [] })
    expect(await program(other, asterisk)).toMatchObject({ operations: 0 })
    expect(await removeTables(other)).toEqual({ removed: ['2 tables'] })
  })
})

describe('a table that has the wrong flags is made anew in one transaction', () => {
  test('of nodelb apply, by a session', async () => {
    await program(other, asterisk)
    const before = await listed()
    const generation = await other.generation()
    await using running = await begin(asterisk)
    expect(await other.generation()).toBe(generation + 1)
    expect(await tablesOf(running.socket)).toMatchObject([{ flags: OWNED }, { flags: OWNED }])
    expect(await listed()).toEqual(before)
  })

  test('of a session, by one that should not own it', async () => {
    await (await begin(asterisk))[Symbol.asyncDispose]()
    const generation = await other.generation()
    await using running = await begin(asterisk, { ownership: 'none' })
    expect(await other.generation()).toBe(generation + 1)
    expect(await tablesOf(running.socket)).toMatchObject([{ flags: 0 }, { flags: 0 }])
    await nft('flush set ip nodelb services')
  })
})
