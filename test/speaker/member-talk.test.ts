import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Member } from '../../src/announce/member.ts'
import type { Answering } from '../../src/announce/spot.ts'
import { begin } from '../../src/announce/transition.ts'
import { adopted, HANDOVER_MS } from '../../src/announce/transition-draft.ts'
import { spotsOf, type Transition } from '../../src/announce/transition-state.ts'
import type { Address } from '../../src/model/address.ts'
import { defaultAnnounceSettings } from '../../src/model/announce-settings.ts'
import { MemberTalk } from '../../src/speaker/member-talk.ts'
import type { SpeakerNews } from '../../src/speaker/news.ts'
import type { Outlook } from '../../src/speaker/outlook.ts'
import type { Claiming } from '../../src/speaker/sayings.ts'
import { Waiting } from '../support/waiting.ts'

const { members } = defaultAnnounceSettings.layer2
const PORT = 17_950
const POLL_MS = 5
const KEY = 'a key of the members of this test'
/** Each node has a loopback address of its own. */
const internal = new Map(
  ['n1', 'n2', 'n3'].map((name, at) => [name, [`127.0.0.${at + 1}` as Address]]),
)

let folder: string
let stop: AbortController
let running: Promise<void>[]
const news = new Waiting()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nodelb-talk-'))
  stop = new AbortController()
  running = []
})
afterEach(async () => {
  stop.abort()
  await Promise.all(running)
  rmSync(folder, { recursive: true })
})

interface Party {
  readonly talk: MemberTalk
  readonly told: SpeakerNews[]
}

function party(node: string, key = KEY): Party {
  const keyFile = join(folder, node)
  writeFileSync(keyFile, key)
  const told: SpeakerNews[] = []
  const talk = new MemberTalk({
    node,
    settings: { ...members, port: PORT, keyFile },
    heard: () => news.wake(),
    tell: (each) => {
      told.push(each)
      news.wake()
    },
  })
  running.push(talk.run(stop.signal))
  talk.setNodes(internal)
  return { talk, told }
}

/** A node that answers for so many addresses, of which all Nodes are candidates. */
function answering(node: string, count: number): { state: Transition; outlook: Outlook } {
  const addresses = Array.from(
    { length: count },
    (_, at) => `10.0.${at >> 8}.${at & 255}` as Address,
  )
  const settings = { node, interval: 200, timeout: 600, hold: 15_000, settle: 10_000 }
  const found = {
    isAlive: true,
    spots: addresses.map((address) => ({ address, interface: 'eth0' })),
  }
  const { state } = begin(settings, found, performance.now())
  const candidates = [...internal.keys()]
  const announcements = addresses.map((address) => {
    const parties = candidates
    return { address, services: [], interfaces: ['eth0'], candidates, parties, owner: node }
  })
  return {
    state: { ...state, spots: spotsOf([...state.spots.values()]) },
    outlook: {
      eligibility: { addresses: [], silences: [], problems: [] },
      announcements: new Map(announcements.map((each) => [each.address, each])),
      internal,
    },
  }
}

/** Has a node send beats until something is so: the first may be lost, as a port may not be open yet. */
async function sending(
  from: Party,
  node: string,
  count: number,
  isSo: () => boolean,
): Promise<void> {
  const { state, outlook } = answering(node, count)
  const links = [{ name: 'eth0', mac: '02:00:00:00:00:01' }]
  const timer = setInterval(() => from.talk.send({ state: 'live', links }, state, outlook), 20)
  await news.until(() => isSo() || undefined)
  clearInterval(timer)
}

const COUNT = 300

/** A node in a handover of so many addresses from n1 to n2. */
function handedOver(node: string, phase: Partial<Pick<Answering, 'from' | 'yieldsTo'>>) {
  const { state, outlook } = answering(node, COUNT)
  const spots = [...state.spots.values()].map(({ spot }) => ({
    spot,
    phase: { ...adopted(Number.NEGATIVE_INFINITY), ...phase },
  }))
  const announcements = [...outlook.announcements].map(
    ([address, each]) => [address, { ...each, owner: 'n2' }] as const,
  )
  return {
    state: { ...state, spots: spotsOf(spots) },
    outlook: { ...outlook, announcements: new Map(announcements) },
  }
}

function memberOf({ talk }: Party, node: string): Member | undefined {
  return talk.at(performance.now()).find((each) => each.node === node)
}

function claimsOf({ talk }: Party, node: string): number {
  return talk.at(performance.now()).find((each) => each.node === node)?.claims.size ?? 0
}

test('what a node answers for reaches the others, also in several datagrams', async () => {
  const [one, two] = [party('n1'), party('n2')]
  await sending(one, 'n1', 1_000, () => claimsOf(two, 'n1') === 1_000)
  const [member] = two.talk.at(performance.now())
  expect(member).toMatchObject({ node: 'n1', state: 'live', interfaces: ['eth0'], isCurrent: true })
  expect(one.talk.due(performance.now())).toBe(Number.POSITIVE_INFINITY)
  expect(two.talk.due(performance.now())).toBeLessThan(performance.now() + 601)
  expect([one.told, two.told]).toEqual([[], []])
})

test('one that was started again asks for the claims that it missed', async () => {
  const [one, two] = [party('n1'), party('n2')]
  await sending(one, 'n1', 3, () => claimsOf(two, 'n1') === 3)
  const third = party('n3')
  const { state } = answering('n3', 0)
  const { outlook } = answering('n1', 3)
  const asking = setInterval(
    () => third.talk.send({ state: 'live', links: [] }, state, outlook),
    20,
  )
  await sending(one, 'n1', 3, () => claimsOf(third, 'n1') === 3)
  clearInterval(asking)
})

test('one that is heard again is told at once what it missed meanwhile', async () => {
  const [one, two] = [party('n1'), party('n2')]
  await sending(one, 'n1', 1, () => claimsOf(two, 'n1') === 1)
  one.talk.setNodes(new Map())
  while (two.talk.at(performance.now()).some(({ state }) => state !== 'dead')) await pause(POLL_MS)
  const { state, outlook } = answering('n2', 3)
  const say = (): void => two.talk.send({ state: 'live', links: [] }, state, outlook)
  say()
  expect(two.talk.isAwaited(performance.now())).toBe(false)
  one.talk.setNodes(internal)
  await sending(one, 'n1', 1, () => two.talk.isAwaited(performance.now()))
  say()
  expect(two.talk.isAwaited(performance.now())).toBe(false)
  await news.until(() => claimsOf(one, 'n2') === 3 || undefined)
  expect(one.talk.isAwaited(performance.now())).toBe(true)
})

test('one that takes all that it is offered says so at once, without a list, and the others hear of it later', async () => {
  const [one, two] = [party('n1'), party('n2')]
  const links = [{ name: 'eth0', mac: '02:00:00:00:00:01' }]
  const saying = { state: 'live', links } as const
  const giving = handedOver('n1', { yieldsTo: 'n2' })
  const none = answering('n2', 0)
  const offer = (): void => {
    one.talk.handovers(giving.state, giving.outlook)
    one.talk.send(saying, giving.state, giving.outlook)
  }
  const talking = setInterval(() => {
    offer()
    two.talk.send(saying, none.state, giving.outlook)
  }, 20)
  await news.until(() => memberOf(one, 'n2'))
  await news.until(() => memberOf(two, 'n1')?.offers.size === COUNT || undefined)
  // The first offers have no name: nothing was known of who may take them.
  const taking = handedOver('n2', { from: 'n1' })
  const claimed = (): Claiming => two.talk.claim(saying, taking.state, taking.outlook)
  while (!claimed().isWhole) await pause(POLL_MS)
  clearInterval(talking)
  offer()
  const [handover, ...more] = one.talk.handovers(giving.state, giving.outlook)
  expect([handover?.addresses.size, handover?.proofs.length, more]).toEqual([COUNT, 1, []])
  two.talk.send(saying, none.state, giving.outlook)
  const claim = claimed()
  expect(claim.isWhole).toBe(true)
  claim.send()
  await news.until(() => memberOf(one, 'n2')?.taken.size === COUNT || undefined)
  expect(memberOf(one, 'n2')).toMatchObject({ isCurrent: false, claims: new Set() })
  const now = performance.now()
  two.talk.owe()
  const later = performance.now() + HANDOVER_MS
  expect([now, later].map((at) => two.talk.isAwaited(at))).toEqual([false, true])
  expect(two.talk.due(now)).toBeLessThanOrEqual(later)
  two.talk.send(saying, taking.state, taking.outlook)
  expect(two.talk.isAwaited(later)).toBe(false)
  await news.until(() => memberOf(one, 'n2')?.isCurrent || undefined)
  expect(claimsOf(one, 'n2')).toBe(COUNT)
  const some = answering('n2', 1)
  expect(two.talk.claim(saying, some.state, taking.outlook).isWhole).toBe(false)
})

test('a Node that comes to stand for the same addresses is met, and then it is beaten to', () => {
  const { talk } = party('n1')
  const { state, outlook } = answering('n1', 1)
  const saying = { state: 'live', links: [] } as const
  expect(talk.meets(state, outlook, [])).toBe(true)
  // No beat is due twice for the same.
  expect(talk.meets(state, outlook, [])).toBe(false)
  talk.send(saying, state, outlook)
  expect(talk.meets(state, { ...outlook }, [])).toBe(false)
  const left = [...outlook.announcements].map(
    ([address, each]) => [address, { ...each, parties: ['n1', 'n2'] }] as const,
  )
  const fewer = { ...outlook, announcements: new Map(left) }
  expect(talk.meets(state, fewer, [])).toBe(false)
  talk.send(saying, state, fewer)
  expect(talk.meets(state, { ...outlook }, [])).toBe(true)
})

test('beats with another key are not believed, and told of until they are right', async () => {
  const [one, two] = [party('n1', 'quite another key than that'), party('n2')]
  await sending(one, 'n1', 1, () => two.told.length > 0)
  expect(two.told).toEqual([
    {
      event: 'members-problem',
      about: 'foreign-key',
      reason: expect.stringContaining('beats of n1 are signed with another key'),
    },
  ])
  expect(two.talk.at(performance.now())).toEqual([])
  two.talk.setNodes(new Map([...internal].filter(([name]) => name !== 'n1')))
  expect(two.told.at(-1)).toEqual({ event: 'members-in-order', about: 'foreign-key' })
})

test('a port that another one has is told of, and taken when it is free', async () => {
  const first = party('n2')
  const { state, outlook } = answering('n2', 0)
  const watcher = party('n1')
  await sending(first, 'n2', 1, () => watcher.talk.at(performance.now()).length > 0)
  const second = party('n2')
  await news.until(() => second.told.length > 0 || undefined)
  expect(second.told[0]).toMatchObject({
    event: 'members-problem',
    about: 'port',
    reason: expect.stringContaining('EADDRINUSE'),
  })
  first.talk.setNodes(new Map())
  await news.until(() => second.told.length > 1 || undefined)
  expect(second.told[1]).toEqual({ event: 'members-in-order', about: 'port' })
  second.talk.send({ state: 'live', links: [] }, state, outlook)
})

test('without a key nothing is sent', () => {
  const settings = { ...members, port: PORT }
  const talk = new MemberTalk({
    node: 'n1',
    settings,
    heard: () => undefined,
    tell: () => undefined,
  })
  running.push(talk.run(stop.signal))
  talk.setNodes(internal)
  const { state, outlook } = answering('n1', 1)
  talk.send({ state: 'live', links: [] }, state, outlook)
  expect([talk.hasKey(), talk.at(0)]).toEqual([false, []])
})
