import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AnnounceView } from '../../src/speaker/view.ts'
import { SettledLan } from '../support/settled-lan.ts'

/** Each node has so many addresses that answers for all of them have no room in a socket as the kernel makes it. */
const SERVICES = 400
const nodes = ['n1', 'n2']

let settled: SettledLan

beforeAll(async () => {
  settled = await SettledLan.build(
    { nodes, services: SERVICES },
    { questions: 400, connections: 10 },
  )
})
afterAll(() => settled?.remove())

test('two nodes that ask for hundreds of addresses at once hear who has them', async () => {
  const { lan, first } = settled
  await settled.all(first)
  await lan.report()
  const taken = (): number =>
    nodes.flatMap((name) => lan.agent(name).lines).filter(({ event }) => event === 'announce-taken')
      .length
  const before = taken()
  const knows = (name: string, { addresses }: AnnounceView): boolean => {
    const others = addresses.filter(({ address }) => first[address] !== name)
    return others.every(({ here }) => here.some(({ reason }) => reason === 'held'))
  }
  await lan.beats(nodes, false)
  for (const name of nodes) await lan.announces(name, (view) => knows(name, view))
  for (const name of nodes) {
    const { addresses } = await lan.announces(name)
    expect(
      addresses.flatMap(({ here }) => here.filter(({ state }) => state === 'answers')),
    ).toHaveLength(settled.heldBy(name).length)
  }
  await lan.beats(nodes, true)
  await lan.announces('n1', ({ members }) => members.every(({ state }) => state === 'live'))
  expect(await lan.report()).toMatchObject({ doubles: 0, unanswered: 0 })
  expect(taken()).toBe(before)
})
