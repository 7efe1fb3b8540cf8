import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { AnnounceView } from '../../src/speaker/view.ts'
import { RealLan } from '../support/real-lan.ts'
import { lanAddress } from '../support/real-lan-files.ts'

// Two clusters on one LAN, each with a key of its own: neither knows of the other.

const OURS = ['a1', 'a2']
const THEIRS = ['b1', 'b2']
const SERVICES = 3
const SEAMLESS = { unanswered: 0, lost: 0, doubles: 0 }

let ours: RealLan
let theirs: RealLan

beforeAll(async () => {
  ours = await RealLan.build({ nodes: OURS, services: SERVICES })
  const first = { machine: 21, service: SERVICES }
  theirs = await RealLan.build({ nodes: THEIRS, services: SERVICES, first })
  await ours.join(theirs)
  await Promise.all(OURS.map((name) => ours.start(name)))
  await Promise.all(THEIRS.map((name) => theirs.start(name)))
  await ours.watch(addressesFrom(0))
  await theirs.watch(addressesFrom(SERVICES))
})
afterAll(async () => {
  await ours?.remove()
  await theirs?.remove()
})
beforeEach(async () => {
  await asOrdered(ours, OURS)
  await asOrdered(theirs, THEIRS)
  await ours.report()
  await theirs.report()
})

function addressesFrom(service: number): string[] {
  return Array.from({ length: SERVICES }, (_, at) => [
    lanAddress(service + at),
    lanAddress(service + at, 'ipv6'),
  ]).flat()
}

/** Resolves with who has what when both nodes of a cluster have settled. */
async function asOrdered(lan: RealLan, nodes: readonly string[]): Promise<AnnounceView> {
  for (const name of nodes) await lan.announces(name, ({ settled }) => settled)
  const isWhole = ({ members, addresses }: AnnounceView): boolean =>
    addresses.length === 2 * SERVICES && members.every((each) => each.settled)
  const view = await lan.announces(nodes[0] ?? '', isWhole)
  await Promise.all(
    view.addresses.map(({ address, candidates }) => lan.until(address, candidates[0] ?? '')),
  )
  return view
}

test('each has members of its own only, and is not told of foreign keys', async () => {
  expect((await ours.announces('a1')).members.map(({ node }) => node)).toEqual(['a2'])
  expect((await theirs.announces('b1')).members.map(({ node }) => node)).toEqual(['b2'])
  const logs = [
    ...OURS.map((name) => ours.agent(name)),
    ...THEIRS.map((name) => theirs.agent(name)),
  ]
  const problems = logs.flatMap(({ lines }) =>
    lines.filter(({ event }) => event === 'members-problem'),
  )
  expect(problems).toEqual([])
  expect(await ours.report()).toMatchObject(SEAMLESS)
  expect(await theirs.report()).toMatchObject(SEAMLESS)
})

test('what one loses is taken over within it, and the other notices nothing', async () => {
  const { addresses } = await ours.announces('a2')
  await ours.cable('a1', 'out')
  await ours.agent('a1').end('SIGKILL')
  await Promise.all(addresses.map(({ address }) => ours.until(address, 'a2')))
  expect(await theirs.report()).toMatchObject(SEAMLESS)
  await ours.run('a1', ['nft', 'delete table netdev nodelb-announce'])
  await ours.cable('a1', 'in')
  await ours.start('a1')
})

test('an address that the other has already is a conflict, and stays with it', async () => {
  const address = lanAddress(0)
  const { addresses } = await ours.announces('a1')
  const holder = addresses.find((each) => each.address === address)?.candidates[0] ?? ''
  const conflicts = THEIRS.map((name) =>
    theirs.agent(name).next('announce-conflict', (line) => line['address'] === address),
  )
  theirs.write([], SERVICES, [0])
  expect(await Promise.race(conflicts)).toMatchObject({ mac: ours.mac(holder) })
  expect(await ours.report()).toMatchObject(SEAMLESS)
  theirs.write()
})
