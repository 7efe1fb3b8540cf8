import { afterAll, beforeAll, expect, test } from 'vitest'
import { AgentHere, commandHere, enterNetwork } from '../support/here.ts'
import { RealLan } from '../support/real-lan.ts'
import { lanAddress } from '../support/real-lan-files.ts'

/** One node whose agent lives through what happens to it, beside another one on a LAN. */

const SERVICES = 3
const addresses = Array.from({ length: SERVICES }, (_, at) => lanAddress(at))

let lan: RealLan
let agent: AgentHere
let leaveNetwork = (): void => undefined

/** Resolves when a node answers for all addresses. */
async function all(name: string): Promise<void> {
  for (const address of addresses) await lan.until(address, name)
}

/** Lets the other node answer for nothing, so that all is asked of this one. */
function alone(): void {
  lan.write(['n2'])
}

beforeAll(async () => {
  lan = await RealLan.build({ nodes: ['n1', 'n2'], services: SERVICES })
  alone()
  await lan.watch(addresses)
  await lan.start('n2')
  leaveNetwork = enterNetwork(lan.namespace('n1'))
  agent = AgentHere.start(...lan.agentOptions('n1'), '--cleanup-on-exit')
  await all('n1')
})
afterAll(async () => {
  leaveNetwork()
  await lan?.remove()
})

test('status, explain, metrics and diff tell who answers', async () => {
  const { out } = await commandHere('status', ...lan.statusOptions('n1'))
  expect(out).toContain('Announcing:')
  for (const address of addresses) expect(out).toContain(address)
  const sources = lan.sources('n1')
  const { out: explained } = await commandHere(
    ...['explain', '--from', '192.0.2.3', '--to', `${addresses[0]}:80`, ...sources],
  )
  expect(explained).toContain('n1')
  expect((await commandHere('diff', ...sources)).out).toBe('0 operations\n')
  const metrics = await (await fetch('http://127.0.0.1:10266/metrics')).text()
  expect(metrics).toContain(`ip="${addresses[0]}"`)
})

test('a node that is put aside hands its addresses over, and gets them back', async () => {
  lan.write(['n1'])
  await all('n2')
  await lan.announces('n1', (view) => view.addresses.every(({ here }) => here.length === 0))
  alone()
  await all('n1')
})

test('a cable that is out is no answer, and the addresses come back with it', async () => {
  lan.write()
  await lan.announces('n1', (view) => view.members.every(({ state }) => state === 'live'))
  await lan.carrier('n1', 'down')
  await all('n2')
  alone()
  await lan.carrier('n1', 'up')
  await all('n1')
})

test('a member that is killed is dead, and its addresses are taken', async () => {
  lan.write()
  await lan.agent('n2').end('SIGKILL')
  await all('n1')
  const view = await lan.announces('n1', ({ members }) => members[0]?.state === 'dead')
  expect(view.members).toMatchObject([{ node: 'n2', state: 'dead' }])
  await lan.start('n2')
  await lan.announces('n1', ({ members }) => members[0]?.state === 'live')
})

test('a table that others flush is made again', async () => {
  alone()
  await all('n1')
  await lan.run('n1', ['nft', 'flush', 'ruleset'])
  await lan.report()
  await all('n1')
  expect(await lan.report()).toMatchObject({ unanswered: 0 })
})

test('announcing that is turned off hands over, and on again takes its share', async () => {
  lan.write()
  lan.configure('n1', false)
  await all('n2')
  lan.configure('n1', true)
  alone()
  await all('n1')
})

test('with cleanup on exit the addresses are handed over before the agent ends', async () => {
  lan.write()
  await lan.report()
  expect(await agent.end()).toBe(0)
  await all('n2')
  expect(await lan.run('n1', ['nft', 'list', 'tables'])).not.toContain('nodelb')
  expect(await lan.report()).toMatchObject({ unanswered: 0 })
})
