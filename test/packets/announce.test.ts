import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Announced } from '../../src/announce/announced.ts'
import { chooseResponder } from '../../src/dataplane/announce/choose-responder.ts'
import type { Responder } from '../../src/dataplane/announce/responder.ts'
import { SocketResponder } from '../../src/dataplane/announce/socket-responder.ts'
import type { Address } from '../../src/model/address.ts'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import { NODE_MAC, questions } from '../support/questions.ts'
import { ip, stationOf, Wire } from '../support/wire.ts'

const OURS: Addresses = ['192.0.2.1', '2001:db8::1']
const OTHERS: Addresses = ['192.0.2.2', '2001:db8::2']
const LONG = 600_000

type Addresses = readonly [string, string]

/** A network of its own for each layout, since a thread can enter as many as it likes. */
async function layWire(): Promise<void> {
  enterNewNetwork()
  await ip('link', 'add', 'asker', 'type', 'veth', 'peer', 'name', 'cable')
  await ip('link', 'set', 'cable', 'addrgenmode', 'none', 'address', NODE_MAC, 'up')
  await ip('link', 'set', 'asker', 'addrgenmode', 'none', 'up')
}

const layouts: Readonly<Record<string, () => Promise<string>>> = {
  veth: async () => 'cable',
  bridge: async () => {
    await ip('link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0', 'forward_delay', '0')
    await ip('link', 'set', 'cable', 'address', '02:00:00:00:00:02', 'master', 'br0')
    await ip('link', 'set', 'br0', 'addrgenmode', 'none', 'address', NODE_MAC, 'up')
    return 'br0'
  },
  macvlan: async () => {
    await ip('link', 'set', 'cable', 'address', '02:00:00:00:00:02')
    await ip('link', 'add', 'mv0', 'link', 'cable', 'type', 'macvlan', 'mode', 'bridge')
    await ip('link', 'set', 'mv0', 'addrgenmode', 'none', 'address', NODE_MAC, 'up')
    return 'mv0'
  },
  'an interface with an odd name': async () => {
    await ip('link', 'set', 'cable', 'name', 'a"b@{;}é$+x', 'down')
    await ip('link', 'set', 'a"b@{;}é$+x', 'up')
    return 'a"b@{;}é$+x'
  },
}

const responders: Readonly<Record<string, () => Promise<Responder>>> = {
  kernel: async () => (await chooseResponder({ ownership: 'kernel' })).responder,
  socket: async () => new SocketResponder(),
}

describe.each(Object.keys(layouts))('on %s', (layout) => {
  let wire: Wire
  let announced: Announced

  beforeAll(async () => {
    await layWire()
    const name = (await layouts[layout]?.()) ?? ''
    wire = await Wire.between('asker', name)
    announced = { station: await stationOf(name), addresses: setOf(OURS) }
  })
  afterAll(() => wire.close())

  /** Asks everything, and compares each answer byte for byte. */
  async function expectAnswers(ours: Addresses, others: Addresses): Promise<void> {
    for (const { name, question, answer } of questions(ours, others)) {
      const expected = answer === undefined ? [] : [answer.toString('hex')]
      const answers = await wire.answers(question, expected.length)
      expect([name, answers.map((bytes) => bytes.toString('hex'))]).toEqual([name, expected])
    }
  }

  test.each(Object.keys(responders))(
    'the %s answers what it is asked, and nothing else',
    async (kind) => {
      const responder = (await responders[kind]?.()) as Responder
      expect(responder.kind).toBe(kind)
      const programmed = { kind: 'programmed', refused: [] }
      expect(await responder.revive(LONG)).toEqual(programmed)
      expect(await responder.program([announced], LONG)).toEqual(programmed)
      await expectAnswers(OURS, OTHERS)
      const first = await responder.counts()
      await expectAnswers(OURS, OTHERS)
      // What was told before does not change.
      expect([first, await responder.counts()]).toEqual(
        [1, 2].map((times) => {
          const counts = [
            [OURS[0], 3 * times],
            [OURS[1], 4 * times],
          ] as const
          return new Map([[announced.station.name, new Map(counts)]])
        }),
      )
      await responder.program([{ ...announced, addresses: setOf(OTHERS) }], LONG)
      await expectAnswers(OTHERS, OURS)
      await responder.remove()
      await responder.close()
    },
  )
})

function setOf(addresses: Addresses): ReadonlySet<Address> {
  return new Set(addresses as readonly string[] as readonly Address[])
}
