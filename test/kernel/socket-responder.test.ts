import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Announced } from '../../src/announce/announced.ts'
import { SocketResponder } from '../../src/dataplane/announce/socket-responder.ts'
import type { Address } from '../../src/model/address.ts'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import { NODE_MAC, questions } from '../support/questions.ts'
import { layCable, stationOf, Wire } from '../support/wire.ts'

/** Answers of the process itself, for a kernel that cannot answer. */

const OURS = ['192.0.2.1', '2001:db8::1'] as const
const OTHERS = ['192.0.2.2', '2001:db8::2'] as const
const LONG = 600_000
const PROGRAMMED = { kind: 'programmed', refused: [] }
const question = questions(OURS, OTHERS)[0]?.question ?? Buffer.alloc(0)

let wire: Wire
let responder: SocketResponder

beforeAll(async () => {
  enterNewNetwork()
  await layCable()
  wire = await Wire.between('asker', 'eth0')
})
beforeEach(() => {
  responder = new SocketResponder()
})
afterEach(async () => {
  await responder.remove()
  await responder.close()
})

async function on(addresses: readonly string[] = OURS, mac = NODE_MAC): Promise<Announced> {
  const station = await stationOf('eth0', mac)
  return { station, addresses: new Set(addresses as readonly Address[]) }
}

async function answers(atLeast = 0): Promise<readonly string[]> {
  const frames = await wire.answers(question, atLeast)
  return frames.map((frame) => frame.subarray(6, 12).toString('hex'))
}

test('nothing is answered before the switch is on, nor after it is off', async () => {
  expect(await responder.program([await on()], LONG)).toEqual({ kind: 'ran-out' })
  expect(await responder.renew(LONG)).toEqual({ kind: 'ran-out' })
  expect(await responder.revive(LONG)).toEqual(PROGRAMMED)
  expect(await responder.program([await on()], LONG)).toEqual(PROGRAMMED)
  expect(await answers(1)).toEqual(['020000000001'])
  expect(await responder.renew(LONG)).toEqual(PROGRAMMED)
  expect(await responder.remove()).toEqual(PROGRAMMED)
  expect(await answers()).toEqual([])
  expect(await responder.renew(LONG)).toEqual({ kind: 'ran-out' })
})

test('a switch that has run out answers nothing', async () => {
  await responder.revive(LONG)
  await responder.program([await on()], 0)
  expect(await answers()).toEqual([])
})

test('an address that goes is not answered, and what was answered for the others stays counted', async () => {
  await responder.revive(LONG)
  await responder.program([await on()], LONG)
  await answers(1)
  expect(await responder.counts()).toEqual(new Map([['eth0', new Map([['192.0.2.1', 1]])]]))
  await responder.program([await on([OURS[0]])], LONG)
  await answers(1)
  expect(await responder.counts()).toEqual(new Map([['eth0', new Map([['192.0.2.1', 2]])]]))
  await responder.program([await on([OURS[1]])], LONG)
  expect(await answers()).toEqual([])
  expect(await responder.counts()).toEqual(new Map([['eth0', new Map()]]))
})

test('an interface with another MAC address answers with that one', async () => {
  await responder.revive(LONG)
  await responder.program([await on()], LONG)
  await responder.program([await on(OURS, '02:00:00:00:00:05')], LONG)
  expect(await answers(1)).toEqual(['020000000005'])
  await responder.program([], LONG)
  expect(await answers()).toEqual([])
  expect(await responder.counts()).toEqual(new Map())
})

test('an interface that is gone is told, and the others answer', async () => {
  await responder.revive(LONG)
  const gone: Announced = {
    station: { name: 'eth9', index: 4_000, mac: NODE_MAC },
    addresses: new Set(OURS as readonly string[] as readonly Address[]),
  }
  const outcome = await responder.program([gone, await on()], LONG)
  expect(outcome).toMatchObject({ kind: 'programmed', refused: [{ name: 'eth9' }] })
  expect(await answers(1)).toEqual(['020000000001'])
})
