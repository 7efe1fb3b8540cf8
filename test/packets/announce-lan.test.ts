import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AnnounceView } from '../../src/speaker/view.ts'
import { RealLan } from '../support/real-lan.ts'
import { lanAddress } from '../support/real-lan-files.ts'

const nodes = ['n1', 'n2', 'n3']
const SERVICES = 6
const addresses = Array.from({ length: SERVICES }, (_, at) => [
  lanAddress(at),
  lanAddress(at, 'ipv6'),
]).flat()
/** Nothing is missing, and nobody answered beside another. */
const SEAMLESS = { unanswered: 0, lost: 0, doubles: 0 }

let lan: RealLan
/** The Node that comes first for each address, and the one after it. */
let first: Record<string, string>
let second: Record<string, string>

beforeAll(async () => {
  lan = await RealLan.build({ nodes, services: SERVICES })
  await Promise.all(nodes.map((name) => lan.start(name)))
  await lan.watch(addresses)
  for (const name of nodes) await lan.announces(name, ({ settled }) => settled)
  const isWhole = ({ members }: AnnounceView): boolean => members.every((each) => each.settled)
  const { addresses: all } = await lan.announces('n1', isWhole)
  const nth = (n: number): Record<string, string> =>
    Object.fromEntries(all.map(({ address, candidates }) => [address, candidates[n] ?? '']))
  first = nth(0)
  second = nth(1)
})
afterAll(() => lan.remove())
beforeEach(async () => {
  await all(first)
  for (const name of nodes) lan.agent(name).skip()
  await lan.report()
})

/** Resolves when the client has its answers from these Nodes. */
async function all(holders: Readonly<Record<string, string>>): Promise<void> {
  await Promise.all(Object.entries(holders).map(([address, name]) => lan.until(address, name)))
}

function heldBy(name: string): string[] {
  return addresses.filter((each) => first[each] === name)
}

/** Who answers when a Node is away. */
function without(name: string): Record<string, string> {
  return Object.fromEntries(
    addresses.map((each) => [each, (first[each] === name ? second : first)[each] ?? '']),
  )
}

/** The Node that holds the most. */
function busiest(): string {
  return nodes.toSorted((a, b) => heldBy(b).length - heldBy(a).length)[0] ?? ''
}

function isDead({ members }: AnnounceView, name: string): boolean {
  return members.some(({ node, state }) => node === name && state === 'dead')
}

function isAway({ state }: AnnounceView['members'][number]): boolean {
  return state === 'dead'
}

/** It should answer in place of a node, and knows that the node still does. */
function waitsFor({ addresses: all }: AnnounceView, name: string): boolean {
  return all.some(({ here }) => here.some(({ mac }) => mac === lan.mac(name)))
}

describe('three nodes on a LAN', () => {
  test('share the addresses, and connections get to each', async () => {
    expect(new Set(Object.values(first)).size).toBeGreaterThan(1)
    expect(await lan.holders()).toEqual(first)
  })

  test('one that dies is followed by the next in order, and has its addresses back', async () => {
    const name = busiest()
    await lan.cable(name, 'out')
    expect(await lan.agent(name).end('SIGKILL')).toBe('SIGKILL')
    await all(without(name))
    expect(await lan.report()).toMatchObject({ doubles: 0 })
    await lan.run(name, ['nft', 'delete table netdev nodelb-announce'])
    await lan.cable(name, 'in')
    await lan.start(name)
    await all(first)
    expect(await lan.report()).toMatchObject({ unanswered: 0, lost: 0 })
  })

  test('one that is drained hands over, and takes back, without a gap', async () => {
    const name = busiest()
    lan.write([name])
    await all(without(name))
    expect(await lan.report()).toMatchObject({ unanswered: 0, lost: 0 })
    lan.write()
    await all(first)
    expect(await lan.report()).toMatchObject({ unanswered: 0, lost: 0 })
  })

  test.each(['SIGKILL', 'SIGTERM'] as const)('%s and a new agent move nothing', async (signal) => {
    const name = busiest()
    await lan.agent(name).end(signal)
    const other = nodes.find((each) => each !== name) ?? ''
    await lan.agent(other).next('member-changed', ({ state }) => state === 'dead')
    await lan.start(name)
    await lan.agent(other).next('member-changed', ({ state }) => state === 'live')
    expect(await lan.report()).toMatchObject(SEAMLESS)
    expect(await lan.holders()).toEqual(first)
  })

  test('a frozen agent goes on answering, and others see that it does', async () => {
    const name = busiest()
    const next = second[heldBy(name)[0] ?? ''] ?? ''
    lan.agent(name).kill('SIGSTOP')
    await lan.announces(next, (view) => isDead(view, name) && waitsFor(view, name))
    lan.agent(name).kill('SIGCONT')
    await lan.agent(next).next('member-changed', ({ state }) => state === 'live')
    expect(await lan.report()).toMatchObject(SEAMLESS)
    expect(await lan.holders()).toEqual(first)
  })

  test('nodes that do not hear each other leave everything where it is', async () => {
    const name = busiest()
    const next = second[heldBy(name)[0] ?? ''] ?? ''
    await lan.beats(nodes, false)
    await lan.announces(next, (view) => isDead(view, name) && waitsFor(view, name))
    await lan.beats(nodes, true)
    await lan.agent(next).next('member-changed', ({ state }) => state === 'live')
    expect(await lan.report()).toMatchObject(SEAMLESS)
    expect(await lan.holders()).toEqual(first)
  })

  test('two whose cables were out at the same time hear each other again', async () => {
    const two = nodes.slice(0, 2)
    for (const name of two) await lan.carrier(name, 'down')
    for (const name of two) await lan.announces(name, ({ members }) => members.every(isAway))
    for (const name of two) await lan.carrier(name, 'up')
    for (const name of nodes) await lan.announces(name, ({ members }) => !members.some(isAway))
    await all(first)
  })

  test('a stranger that claims an address is told of and contradicted', async () => {
    const [address = ''] = heldBy(busiest()).filter((each) => !each.includes(':'))
    await lan.ip('stranger', 'address', 'add', `${address}/32`, 'dev', 'eth0')
    await lan.run('stranger', ['arping', '-q', '-c', '1', '-U', '-I', 'eth0', address])
    const told = await lan.agent(busiest()).next('announce-disputed')
    expect(told).toMatchObject({ address, mac: lan.mac('stranger') })
    await lan.ip('stranger', 'address', 'delete', `${address}/32`, 'dev', 'eth0')
  })

  test('an address that a stranger has is not taken before the stranger is gone', async () => {
    const address = lanAddress(SERVICES)
    await lan.ip('stranger', 'address', 'add', `${address}/32`, 'dev', 'eth0')
    lan.write([], SERVICES + 1)
    const conflicts = nodes.map((name) =>
      lan.agent(name).next('announce-conflict', (line) => line['address'] === address),
    )
    expect(await Promise.race(conflicts)).toMatchObject({ mac: lan.mac('stranger') })
    await lan.ip('stranger', 'address', 'delete', `${address}/32`, 'dev', 'eth0')
    const taken = nodes.map((name) =>
      lan.agent(name).next('announce-taken', (line) => line['address'] === address),
    )
    expect(await Promise.race(taken)).toMatchObject({ services: [`shop/web-${SERVICES}`] })
    lan.write()
  })

  test('one where announcing is turned off hands over first, and leaves nothing behind', async () => {
    const name = busiest()
    lan.configure(name, false)
    await all(without(name))
    expect(await lan.report()).toMatchObject({ unanswered: 0, lost: 0 })
    while ((await lan.run(name, ['nft', 'list', 'tables'])).includes('nodelb-announce'));
    expect(await lan.run(name, ['ip', '-6', 'neigh', 'show', 'proxy'])).toBe('')
    lan.configure(name, true)
    await all(first)
    expect(await lan.report()).toMatchObject({ unanswered: 0, lost: 0 })
  })

  test('what an agent left is removed by a clean-up', async () => {
    const name = busiest()
    await lan.agent(name).end('SIGTERM')
    expect(await lan.run(name, ['nft', 'list', 'tables'])).toContain('nodelb-announce')
    expect(await lan.nodelb(name, ['cleanup'])).toMatch(/^cleaned up: /)
    expect(await lan.run(name, ['nft', 'list', 'tables'])).toBe('')
    await all(without(name))
    await lan.start(name)
    await all(first)
  })

  test('a node with another key is told of, and stops nobody', async () => {
    const name = busiest()
    const other = nodes.find((each) => each !== name) ?? ''
    await lan.agent(name).end('SIGTERM')
    lan.setKey(name, 'quite another key than that')
    await lan.start(name)
    expect(await lan.agent(other).next('members-problem')).toMatchObject({
      about: 'foreign-key',
      reason: expect.stringContaining(`beats of ${name} are signed with another key`),
    })
    expect(await lan.report()).toMatchObject(SEAMLESS)
  })
})
