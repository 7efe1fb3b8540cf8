import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { type ForeignCommit, later, Monitor, next } from '../../src/apply/nftables/monitor.ts'
import type { NftablesSession } from '../../src/dataplane/nftables/session.ts'
import { enterNewNetwork, nft, nftLoad } from '../apply/nftables/namespace.ts'
import { asterisk, begin, committed, jellyfin, listed, scale, together } from './session-setup.ts'

const goal = together(jellyfin, asterisk)
const unowned = { ownership: 'none', watch: true } as const

beforeAll(() => enterNewNetwork())
beforeEach(async () => {
  await nft('flush', 'ruleset')
})

/** The next commit by others that the session hears of. */
function heard(session: NftablesSession): Promise<ForeignCommit> {
  return new Promise((resolve) => {
    const stop = session.onForeign((commit) => {
      stop()
      resolve(commit)
    })
  })
}

describe('without ownership', () => {
  test.each([
    'flush ruleset',
    'delete table ip nodelb',
    'delete element ip nodelb services { 203.0.113.76 . udp . 5060 }',
    'add element ip nodelb services { 203.0.113.99 . udp . 5060 }',
    'add rule ip6 nodelb dispatch drop',
    'add chain ip nodelb mine',
  ])('`nft %s` is heard of, and repaired by the next settle', async (command) => {
    await using running = await begin(goal, unowned)
    const before = await listed()
    const foreign = heard(running.session)
    await nft(command)
    expect(await foreign).toMatchObject({
      touchesUs: 'yes',
      process: 'nft',
      pid: expect.any(Number),
      generation: await running.socket.generation(),
    })
    const settled = committed(await running.session.sync())
    expect(settled.operations).toBeGreaterThan(0)
    expect(settled.reread).toBe("nft changed nodelb's tables")
    expect(await listed()).toEqual(before)
    expect(committed(await running.session.sync())).toMatchObject({ operations: 0 })
  })

  test('endpoints that leave are told even where others took them from the kernel before', async () => {
    await using running = await begin(jellyfin, unowned)
    const foreign = heard(running.session)
    await nft('flush map ip nodelb endpoints')
    await foreign
    scale(running.session, jellyfin, 0)
    const { changes, reread } = committed(await running.session.sync())
    expect(reread).toBe("nft changed nodelb's tables")
    const [gone] = changes.filter(({ after }) => !after.leads).map((change) => change.gone)
    expect(gone?.size).toBe(jellyfin.cluster.slices[0]?.endpoints.length)
  })

  test('damage every few milliseconds is repaired each time it is heard of', async () => {
    await using running = await begin(goal, unowned)
    const before = await listed()
    const names = new Set<string | undefined>()
    const repairs: Promise<unknown>[] = []
    running.session.onForeign(({ process }) => {
      names.add(process)
      repairs.push(running.session.sync())
    })
    const rounds =
      'for i in $(seq 30); do nft delete element ip nodelb services ' +
      '"{ 203.0.113.14 . tcp . 8096 }" 2>/dev/null; nft flush ruleset; sleep 0.003; done'
    await once(spawn('sh', ['-c', rounds]), 'exit')
    // A flush while the tables are not there yet would be no damage that is heard of.
    for (let awaited = -1; awaited < repairs.length; await Promise.all(repairs)) {
      awaited = repairs.length
    }
    const last = heard(running.session)
    await nft('flush', 'ruleset')
    await last
    await Promise.all(repairs)
    expect(repairs.length).toBeGreaterThan(0)
    expect(names).toEqual(new Set(['nft']))
    expect(await running.session.verify()).toMatchObject({ kind: 'verified', operations: 0 })
    expect(await listed()).toEqual(before)
  })

  test('commits elsewhere cost no reading, heard of or not', async () => {
    await nft('add table ip mine; add set ip mine s { type ipv4_addr; }')
    await using running = await begin(goal, unowned)
    let told = 0
    running.session.onForeign(() => {
      told += 1
    })
    moveEndpoint(running.session, 99)
    await running.session.sync()
    running.dumps()
    for (let round = 0; round < 40; round++) {
      await nft(`add element ip mine s { 10.0.0.${round} }`)
      moveEndpoint(running.session, round)
      const settled = committed(await running.session.sync())
      expect(settled.operations).toBe(2)
      expect(settled.reread).toBeUndefined()
    }
    expect(running.dumps()).toBe(0)
    expect(told).toBe(0)
    expect(await running.session.verify()).toMatchObject({ operations: 0 })
  })

  test('a flood elsewhere does no harm, and costs one reading at most', async () => {
    await using running = await begin(goal, unowned)
    const elements = Array.from(
      { length: 100_000 },
      (_, n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`,
    )
    const flood = nftLoad(
      `table ip mine { set s { type ipv4_addr; elements = { ${elements.join(', ')} }; }; }`,
    )
    let done = false
    const over = flood.finally(() => {
      done = true
    })
    let rereads = 0
    for (let round = 0; !done || round < 50; round++) {
      moveEndpoint(running.session, round)
      const settled = committed(await running.session.sync())
      if (settled.reread !== undefined) rereads += 1
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await over
    expect(rereads).toBeLessThanOrEqual(2)
    expect(await running.session.verify()).toMatchObject({ operations: 0 })
  }, 60_000)

  test('without a monitor the kernel tells at the next commit', async () => {
    await using running = await begin(goal, { ownership: 'none' })
    await nft('delete table ip6 nodelb')
    moveEndpoint(running.session, 0)
    const settled = committed(await running.session.sync())
    expect(settled.reread).toBe('another process changed the rule set')
    expect(await running.session.verify()).toMatchObject({ operations: 0 })
  })
})

describe('verify', () => {
  test('says what it repaired, by Service', async () => {
    await using running = await begin(goal, { ownership: 'none' })
    const before = await listed()
    await nft('delete element ip nodelb services { 203.0.113.76 . udp . 5060 }')
    await nft('flush chain ip nodelb dispatch')
    const verified = await running.session.verify()
    expect(verified).toMatchObject({
      kind: 'verified',
      repaired: [
        { title: 'voip/asterisk:sip load-balancer', operations: [{ sign: '+' }] },
        { title: 'rules', operations: [{ sign: '+' }] },
      ],
      operations: 2,
    })
    expect(await listed()).toEqual(before)
    expect(await running.session.verify()).toMatchObject({ repaired: [], operations: 0 })
  })

  test('commits first what is due, which is no repair', async () => {
    await using running = await begin(goal)
    scale(running.session, jellyfin, 2)
    expect(await running.session.verify()).toMatchObject({ repaired: [], operations: 0 })
    expect(committed(await running.session.sync())).toMatchObject({ operations: 0 })
  })
})

describe('a monitor', () => {
  test('tells what each commit of others was about, and nothing of our own', async () => {
    const socket = NetlinkSocket.open()
    const monitor = await Monitor.open(socket)
    const commits: ForeignCommit[] = []
    monitor.onForeign((commit) => commits.push(commit))
    const from = await socket.generation()
    await nft('add table ip mine')
    await nft('add table inet nodelb')
    await nft('add table ip nodelb')
    await using running = await begin(goal, { ownership: 'none' })
    const to = await running.socket.generation()
    expect(await monitor.untouched(from, to)).toBe(false)
    expect(await monitor.untouched(to, to)).toBe(true)
    expect(commits.map(({ touchesUs }) => touchesUs)).toEqual(['no', 'no', 'yes', 'yes'])
    expect(commits.map(({ generation }) => generation)).toEqual([1, 2, 3, 4].map((n) => from + n))
    expect(await monitor.untouched(from, from + 2)).toBe(false)
    const own = await Monitor.open(running.socket)
    own.onForeign((commit) => commits.push(commit))
    scale(running.session, jellyfin, 2)
    await running.session.sync()
    expect(await own.untouched(to, await socket.generation())).toBe(true)
    expect(commits).toHaveLength(5)
    monitor.close()
    own.close()
    socket.close()
  })

  test('counts generations past the end of 32 bits', () => {
    expect(next(7)).toBe(8)
    expect(next(0xffffffff)).toBe(1)
    expect([later(8, 7), later(7, 7), later(1, 0xffffffff), later(0xffffffff, 1)]).toEqual([
      true,
      false,
      true,
      false,
    ])
  })
})

/** Another pod takes the last place, so that the number of endpoints stays. */
function moveEndpoint({ renderer }: NftablesSession, round: number): void {
  for (const slice of jellyfin.cluster.slices) {
    const endpoints = slice.endpoints.slice(0, 4)
    const last = endpoints[3]
    if (last === undefined) throw new Error('fixture')
    const address = `10.244.9.${1 + (round % 200)}` as typeof last.address
    renderer.setSlice({ ...slice, endpoints: [...endpoints.slice(0, 3), { ...last, address }] })
  }
}
