import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AnnounceView } from '../../src/speaker/view.ts'
import { declareHandovers, SEAMLESS } from '../support/lan-handovers.ts'
import type { RealLan } from '../support/real-lan.ts'
import { lanAddress } from '../support/real-lan-files.ts'
import { SettledLan } from '../support/settled-lan.ts'

const nodes = ['n1', 'n2', 'n3']
const SERVICES = 6

let settled: SettledLan
let lan: RealLan

beforeAll(async () => {
  settled = await SettledLan.build({ nodes, services: SERVICES })
  lan = settled.lan
})
afterAll(() => settled?.remove())
beforeEach(() => settled.calm())

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
  declareHandovers(() => settled)

  test('a frozen agent goes on answering, and others see that it does', async () => {
    const { busiest: name, next } = settled
    lan.agent(name).kill('SIGSTOP')
    await lan.announces(next, (view) => isDead(view, name) && waitsFor(view, name))
    lan.agent(name).kill('SIGCONT')
    await lan.agent(next).next('member-changed', ({ state }) => state === 'live')
    expect(await lan.report()).toMatchObject(SEAMLESS)
    expect(await lan.holders()).toEqual(settled.first)
  })

  test('nodes that do not hear each other leave everything where it is', async () => {
    const { busiest: name, next } = settled
    await lan.beats(nodes, false)
    await lan.announces(next, (view) => isDead(view, name) && waitsFor(view, name))
    await lan.beats(nodes, true)
    await lan.agent(next).next('member-changed', ({ state }) => state === 'live')
    expect(await lan.report()).toMatchObject(SEAMLESS)
    expect(await lan.holders()).toEqual(settled.first)
  })

  test('what an agent adopts is its own: a flush by others takes nothing away', async () => {
    const { busiest: name, other } = settled
    await lan.agent(name).end('SIGKILL')
    await lan.agent(other).next('member-changed', ({ state }) => state === 'dead')
    await lan.start(name)
    await lan.agent(other).next('member-changed', ({ state }) => state === 'live')
    await lan.announces(name)
    await lan.run(name, ['nft', 'flush', 'ruleset'])
    // The switch is renewed meanwhile.
    for (let report = 0; report < 3; report++)
      expect(await settled.reported()).toMatchObject(SEAMLESS)
  })

  test('halves of a LAN that are joined again agree, and each question has an answer meanwhile', async () => {
    const { busiest: name } = settled
    await lan.cable(name, 'out')
    await settled.all(settled.without(name))
    await lan.report()
    await lan.cable(name, 'in')
    await settled.all(settled.first)
    // Until beats come through both halves answer, each as it did.
    expect(await lan.report()).toMatchObject({ unanswered: 0 })
  })

  test('one whose agent does not hear that another took over is silent all the same, because its kernel does', async () => {
    const { busiest: name } = settled
    await lan.report()
    await lan.beats([name], false)
    lan.write([name])
    await settled.all(settled.without(name))
    // Its agent would go on until it takes the others for dead, and each address would be asked for ten times.
    expect(await lan.report()).toMatchObject({ doubleFor: 0 })
    await lan.beats([name], true)
    lan.write()
    await settled.all(settled.first)
  })

  test('two whose cables were out at the same time hear each other again', async () => {
    const two = nodes.slice(0, 2)
    for (const name of two) await lan.carrier(name, 'down')
    for (const name of two) await lan.announces(name, ({ members }) => members.every(isAway))
    for (const name of two) await lan.carrier(name, 'up')
    for (const name of nodes) await lan.announces(name, ({ members }) => !members.some(isAway))
    await settled.all(settled.first)
  })

  test('a stranger that claims an address is told of and contradicted', async () => {
    const [address = ''] = settled.heldBy(settled.busiest).filter((each) => !each.includes(':'))
    await lan.ip('stranger', 'address', 'add', `${address}/32`, 'dev', 'eth0')
    await lan.run('stranger', ['arping', '-q', '-c', '1', '-U', '-I', 'eth0', address])
    const told = await lan.agent(settled.busiest).next('announce-disputed')
    const mac = lan.mac('stranger')
    expect(told).toMatchObject({ address, mac })
    const { busiest: name } = settled
    const isTold = `answers on eth0 (${mac}, which is no Node, claims it as well)`
    const disputed = `nodelb_announce_disputed{ip="${address}"} 1`
    const contradicted = async (): Promise<string> =>
      (await lan.metrics(name)).find((line) => line.includes(`gratuitous_sent{ip="${address}"}`)) ??
      ''
    const before = await contradicted()
    expect(before).not.toBe('')
    // It says nothing by itself, but answers when it is asked: so it is contradicted once more.
    while ((await contradicted()) === before);
    expect((await lan.announcing(name)).join('\n')).toContain(isTold)
    expect(await lan.metrics(name)).toContain(disputed)
    await lan.ip('stranger', 'address', 'delete', `${address}/32`, 'dev', 'eth0')
    const over = await lan.agent(name).next('announce-undisputed')
    expect(over).toMatchObject({ address, mac, interface: 'eth0', services: told['services'] })
    expect((await lan.announcing(name)).join('\n')).not.toContain('claims it as well')
    expect(await lan.metrics(name)).not.toContain(disputed)
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
    const { busiest: name } = settled
    lan.configure(name, false)
    await settled.all(settled.without(name))
    expect(await lan.report()).toMatchObject({ unanswered: 0, lost: 0 })
    while ((await lan.run(name, ['nft', 'list', 'tables'])).includes('nodelb-announce'));
    expect(await lan.run(name, ['ip', '-6', 'neigh', 'show', 'proxy'])).toBe('')
    lan.configure(name, true)
    await settled.all(settled.first)
    expect(await lan.report()).toMatchObject({ unanswered: 0, lost: 0 })
  })

  test('one that removes everything at its end hands over first', async () => {
    const { busiest: name } = settled
    await lan.agent(name).end('SIGTERM')
    const agent = await lan.start(name, ['--cleanup-on-exit'])
    await settled.calm()
    expect(await agent.end('SIGTERM')).toBe(0)
    await settled.all(settled.without(name))
    expect(await lan.report()).toMatchObject({ unanswered: 0, lost: 0 })
    expect(await lan.run(name, ['nft', 'list', 'tables'])).toBe('')
    await lan.start(name)
    await settled.all(settled.first)
    expect(await lan.report()).toMatchObject({ unanswered: 0, lost: 0 })
  })

  test('one that removes everything does not wait for those that do not take over', async () => {
    const { busiest: name } = settled
    const others = nodes.filter((each) => each !== name)
    await lan.agent(name).end('SIGTERM')
    const agent = await lan.start(name, ['--cleanup-on-exit'])
    await settled.calm()
    for (const each of others) lan.agent(each).kill('SIGSTOP')
    expect(await agent.end('SIGTERM')).toBe(0)
    expect(await lan.run(name, ['nft', 'list', 'tables'])).toBe('')
    for (const each of others) lan.agent(each).kill('SIGCONT')
    await settled.all(settled.without(name))
    await lan.start(name)
  })

  test('what an agent left is removed by a clean-up', async () => {
    const { busiest: name } = settled
    await lan.agent(name).end('SIGTERM')
    expect(await lan.run(name, ['nft', 'list', 'tables'])).toContain('nodelb-announce')
    expect(await lan.nodelb(name, ['cleanup'])).toMatch(/^cleaned up: /)
    expect(await lan.run(name, ['nft', 'list', 'tables'])).toBe('')
    await settled.all(settled.without(name))
    await lan.start(name)
    await settled.all(settled.first)
  })

  test('a node with another key is told of, and stops nobody', async () => {
    const { busiest: name, other } = settled
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
