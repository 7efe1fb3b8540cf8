import { afterAll, beforeAll, expect, test } from 'vitest'
import { claimFilter } from '../../src/apply/packet/claim-filter.ts'
import { openPacketSocket, type PacketSocket } from '../../src/apply/packet/packet-socket.ts'
import type { Address } from '../../src/model/address.ts'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import { arp, macOption, NONCE, ndp } from '../support/link-frames.ts'
import { indexOf, ip } from '../support/wire.ts'

const OURS = ['192.0.2.1', '2001:db8::1'] as readonly string[] as readonly Address[]
const STRANGER = '02:00:00:00:00:09'
const LAST = arp({ source: STRANGER, operation: 2, sender: '192.0.2.77', target: '192.0.2.9' })

let near: PacketSocket
let far: PacketSocket
let heard: string[] = []
let received: (frame: Uint8Array) => void = () => undefined

beforeAll(async () => {
  enterNewNetwork()
  await ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'wire')
  for (const name of ['eth0', 'wire']) await ip('link', 'set', name, 'addrgenmode', 'none', 'up')
  const broke = (code: string): void => {
    throw new Error(code)
  }
  const common = { broke, filter: claimFilter([]) }
  near = openPacketSocket({
    ...{ ...common, index: await indexOf('eth0') },
    received: (frame) => received(frame),
  })
  far = openPacketSocket({
    ...{ ...common, index: await indexOf('wire') },
    received: () => undefined,
  })
})
afterAll(() => {
  near.close()
  far.close()
})

/** Which of the frames pass; the last one always does, and ends the waiting. */
async function passing(
  addresses: readonly Address[],
  frames: Readonly<Record<string, Buffer>>,
): Promise<readonly string[]> {
  near.filter(claimFilter([...addresses, '192.0.2.77' as Address]))
  heard = []
  const names = new Map(
    Object.entries(frames).map(([name, frame]) => [frame.toString('hex'), name]),
  )
  const ended = new Promise<void>((resolve) => {
    received = (frame) => {
      if (LAST.equals(frame)) resolve()
      else heard.push(names.get(Buffer.from(frame).toString('hex')) ?? 'unknown')
    }
  })
  for (const frame of [...Object.values(frames), LAST]) far.send(frame)
  await ended
  return heard
}

const solicitation = { sourceMac: STRANGER, type: 135 } as const
const frames = {
  'answer for ours': arp({
    source: STRANGER,
    operation: 2,
    sender: '192.0.2.1',
    target: '192.0.2.9',
  }),
  'gratuitous for ours': arp({
    source: STRANGER,
    operation: 1,
    sender: '192.0.2.1',
    target: '192.0.2.1',
  }),
  'probe for ours': arp({ source: STRANGER, operation: 1, sender: '0.0.0.0', target: '192.0.2.1' }),
  'question for ours': arp({
    source: STRANGER,
    operation: 1,
    sender: '192.0.2.9',
    target: '192.0.2.1',
  }),
  'probe for another': arp({
    source: STRANGER,
    operation: 1,
    sender: '0.0.0.0',
    target: '192.0.2.2',
  }),
  'answer for another': arp({
    source: STRANGER,
    operation: 2,
    sender: '192.0.2.2',
    target: '192.0.2.9',
  }),
  'advertisement of ours': ndp({
    ...{ sourceMac: STRANGER, source: '2001:db8::1', type: 136, target: '2001:db8::1' },
    option: macOption(2, STRANGER),
  }),
  'advertisement of another': ndp({
    ...{ sourceMac: STRANGER, source: '2001:db8::2', type: 136, target: '2001:db8::2' },
  }),
  'NDP probe for ours': ndp({
    ...solicitation,
    source: '::',
    target: '2001:db8::1',
    option: NONCE,
  }),
  'NDP probe for another': ndp({ ...solicitation, source: '::', target: '2001:db8::2' }),
  'NDP question for ours': ndp({ ...solicitation, source: 'fe80::9', target: '2001:db8::1' }),
}

const CLAIMS = [
  'answer for ours',
  'gratuitous for ours',
  'probe for ours',
  'advertisement of ours',
  'NDP probe for ours',
]

test('what others claim or probe of the own addresses passes, and nothing else', async () => {
  expect(await passing(OURS, frames)).toEqual(CLAIMS)
})

test('so it does among a thousand addresses', async () => {
  const many = Array.from({ length: 1_000 }, (_, at) => `10.0.${at >> 8}.${at & 255}` as Address)
  expect(await passing([...many, ...OURS], frames)).toEqual(CLAIMS)
})

test('with more than the kernel takes, the claims of all addresses pass', async () => {
  const many = Array.from({ length: 3_000 }, (_, at) => `10.0.${at >> 8}.${at & 255}` as Address)
  expect(await passing([...many, ...OURS], frames)).toEqual([
    ...['answer for ours', 'gratuitous for ours', 'probe for ours', 'question for ours'],
    ...['probe for another', 'answer for another', 'advertisement of ours'],
    ...['advertisement of another', 'NDP probe for ours', 'NDP probe for another'],
  ])
})

/** How many frames are taken at once after so many were sent. */
function takenOf(sent: number): number {
  near.filter(claimFilter(OURS))
  let taken = 0
  received = () => {
    taken++
  }
  for (let count = 0; count < sent; count++) far.send(frames['answer for ours'])
  near.drain()
  return taken
}

test('all that has arrived is taken at once, also thousands of frames', () => {
  expect(takenOf(20)).toBe(20)
  expect(takenOf(4_000)).toBe(4_000)
  expect(near.hasMissed()).toBe(false)
})

test('what had no room is told of once', () => {
  expect(takenOf(20_000)).toBeLessThan(20_000)
  expect([near.hasMissed(), near.hasMissed()]).toEqual([true, false])
})
