import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  encodeFrame,
  type Frame,
  gratuitousFrames,
  heardFrom,
  parseFrame,
  probeFrame,
} from '../../src/announce/frames.ts'
import { groupMac, solicitedNode } from '../../src/announce/frames-ndp.ts'
import { icmpv6Checksum } from '../../src/announce/icmpv6-checksum.ts'
import { macText } from '../../src/announce/mac.ts'
import { ndpProbe } from '../../src/announce/neighbours.ts'
import { type Address, addressFromBytes } from '../../src/model/address.ts'
import {
  arpReply,
  arpRequest,
  ndpRecheck,
  ndpReply,
  ndpSolicitation,
} from '../support/neighbour-frames.ts'

const own = '02:00:00:00:00:0a'
const other = '02:00:00:00:00:0b'
const vip = '192.0.2.10' as Address
const asker = { mac: other, address: '192.0.2.99' as Address }
const vip6 = '2001:db8::12:3456' as Address
const asker6 = { mac: other, address: 'fe80::b' as Address }

function hex(frame: Frame): string {
  return Buffer.from(encodeFrame(frame)).toString('hex').replace(/../g, '$& ').trim()
}

/** Written as the RFCs draw them, a field or a few on a line. */
function bytes(...lines: readonly string[]): string {
  return lines.join(' ')
}

const arpHead = (operation: string): string => `08 06 00 01 08 00 06 04 00 ${operation}`

const frames: readonly (readonly [string, Frame, string])[] = [
  [
    'a request (RFC 826)',
    arpRequest(own, '192.0.2.1' as Address, vip),
    bytes(
      'ff ff ff ff ff ff 02 00 00 00 00 0a',
      arpHead('01'),
      '02 00 00 00 00 0a c0 00 02 01',
      '00 00 00 00 00 00 c0 00 02 0a',
    ),
  ],
  [
    'a reply (RFC 826)',
    arpReply(own, vip, asker),
    bytes(
      '02 00 00 00 00 0b 02 00 00 00 00 0a',
      arpHead('02'),
      '02 00 00 00 00 0a c0 00 02 0a',
      '02 00 00 00 00 0b c0 00 02 63',
    ),
  ],
  [
    'a probe (RFC 5227, 2.1.1: sender 0.0.0.0, target MAC 0)',
    probeFrame(own, vip),
    bytes(
      'ff ff ff ff ff ff 02 00 00 00 00 0a',
      arpHead('01'),
      '02 00 00 00 00 0a 00 00 00 00',
      '00 00 00 00 00 00 c0 00 02 0a',
    ),
  ],
  [
    'an announcement as a request (RFC 5227, 2.3: sender and target are the address)',
    gratuitousFrames(own, vip)[0] as Frame,
    bytes(
      'ff ff ff ff ff ff 02 00 00 00 00 0a',
      arpHead('01'),
      '02 00 00 00 00 0a c0 00 02 0a',
      '00 00 00 00 00 00 c0 00 02 0a',
    ),
  ],
  [
    'an announcement as a reply (RFC 2002, 4.6)',
    gratuitousFrames(own, vip)[1] as Frame,
    bytes(
      'ff ff ff ff ff ff 02 00 00 00 00 0a',
      arpHead('02'),
      '02 00 00 00 00 0a c0 00 02 0a',
      'ff ff ff ff ff ff c0 00 02 0a',
    ),
  ],
  [
    'a solicitation with the asker’s MAC address (RFC 4861, 4.3)',
    ndpSolicitation(asker6, vip6),
    bytes(
      '33 33 ff 12 34 56 02 00 00 00 00 0b 86 dd',
      '60 00 00 00 00 20 3a ff',
      'fe 80 00 00 00 00 00 00 00 00 00 00 00 00 00 0b',
      'ff 02 00 00 00 00 00 00 00 00 00 01 ff 12 34 56',
      '87 00 e2 7e 00 00 00 00',
      '20 01 0d b8 00 00 00 00 00 00 00 00 00 12 34 56',
      '01 01 02 00 00 00 00 0b',
    ),
  ],
  [
    'a solicitation to a known neighbour (RFC 4861, 7.3.3)',
    ndpRecheck(asker6, { mac: own, address: vip6 }),
    bytes(
      '02 00 00 00 00 0a 02 00 00 00 00 0b 86 dd',
      '60 00 00 00 00 18 3a ff',
      'fe 80 00 00 00 00 00 00 00 00 00 00 00 00 00 0b',
      '20 01 0d b8 00 00 00 00 00 00 00 00 00 12 34 56',
      '87 00 b5 de 00 00 00 00',
      '20 01 0d b8 00 00 00 00 00 00 00 00 00 12 34 56',
    ),
  ],
  [
    'a probe (RFC 4862, 5.4.2: from ::, no option)',
    probeFrame(own, vip6),
    bytes(
      '33 33 ff 12 34 56 02 00 00 00 00 0a 86 dd',
      '60 00 00 00 00 18 3a ff',
      '00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00',
      'ff 02 00 00 00 00 00 00 00 00 00 01 ff 12 34 56',
      '87 00 e4 1e 00 00 00 00',
      '20 01 0d b8 00 00 00 00 00 00 00 00 00 12 34 56',
    ),
  ],
  [
    'a probe with a nonce (RFC 7527)',
    ndpProbe(own, vip6, '0a0b0c0d0e0f'),
    bytes(
      '33 33 ff 12 34 56 02 00 00 00 00 0a 86 dd',
      '60 00 00 00 00 20 3a ff',
      '00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00',
      'ff 02 00 00 00 00 00 00 00 00 00 01 ff 12 34 56',
      '87 00 b1 ee 00 00 00 00',
      '20 01 0d b8 00 00 00 00 00 00 00 00 00 12 34 56',
      '0e 01 0a 0b 0c 0d 0e 0f',
    ),
  ],
  [
    'an answer (RFC 4861, 4.4: solicited, override)',
    ndpReply(own, vip6, asker6),
    bytes(
      '02 00 00 00 00 0b 02 00 00 00 00 0a 86 dd',
      '60 00 00 00 00 20 3a ff',
      '20 01 0d b8 00 00 00 00 00 00 00 00 00 12 34 56',
      'fe 80 00 00 00 00 00 00 00 00 00 00 00 00 00 0b',
      '88 00 50 cb 60 00 00 00',
      '20 01 0d b8 00 00 00 00 00 00 00 00 00 12 34 56',
      '02 01 02 00 00 00 00 0a',
    ),
  ],
  [
    'an announcement (RFC 4861, 7.2.6: to all nodes, override)',
    gratuitousFrames(own, vip6)[0] as Frame,
    bytes(
      '33 33 00 00 00 01 02 00 00 00 00 0a 86 dd',
      '60 00 00 00 00 20 3a ff',
      '20 01 0d b8 00 00 00 00 00 00 00 00 00 12 34 56',
      'ff 02 00 00 00 00 00 00 00 00 00 00 00 00 00 01',
      '88 00 90 53 20 00 00 00',
      '20 01 0d b8 00 00 00 00 00 00 00 00 00 12 34 56',
      '02 01 02 00 00 00 00 0a',
    ),
  ],
]

describe.each(frames)('%s', (_, frame, expected) => {
  test('has these bytes', () => {
    expect(hex(frame)).toBe(expected)
  })

  test('is read again', () => {
    expect(parseFrame(encodeFrame(frame))).toEqual(frame)
  })

  test('is read again with the padding of a short frame', () => {
    const padded = new Uint8Array(100)
    padded.set(encodeFrame(frame))
    expect(parseFrame(padded)).toEqual(frame)
  })

  test('is nothing once it is cut off or a bit of its checksum is wrong', () => {
    const whole = encodeFrame(frame)
    for (let length = 0; length < whole.length; length++) {
      expect(parseFrame(whole.subarray(0, length))).toBeUndefined()
    }
    if (frame.kind === 'arp') return
    for (let at = 54; at < whole.length; at++) {
      expect(parseFrame(whole.map((byte, i) => (i === at ? byte ^ 1 : byte)))).toBeUndefined()
    }
  })
})

test('the solicited-node group and its MAC address (RFC 4291, 2.7.1; RFC 2464, 7)', () => {
  // The example of RFC 4291.
  expect(solicitedNode('4037::1:800:200e:8c6c' as Address)).toBe('ff02::1:ff0e:8c6c')
  expect(groupMac('ff02::1:ff0e:8c6c' as Address)).toBe('33:33:ff:0e:8c:6c')
})

test('a checksum is that of RFC 1071', () => {
  // Its example: 0001 f203 f4f5 f6f7 sum up to ddf2; here with 8 for the length and 58 for ICMPv6.
  const message = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7)
  expect(icmpv6Checksum(new Uint8Array(32), message)).toBe(~(0xddf2 + 8 + 58) & 0xffff)
})

describe('a frame lets know', () => {
  test('by a probe that its sender wants the address', () => {
    for (const address of [vip, vip6]) {
      expect(heardFrom(probeFrame(own, address))).toEqual({ kind: 'probe', address, mac: own })
    }
  })

  test('by an answer or an announcement who has the address', () => {
    expect(heardFrom(arpReply(own, vip, asker))).toEqual({ kind: 'answer', address: vip, mac: own })
    for (const frame of [...gratuitousFrames(own, vip), ...gratuitousFrames(own, vip6)]) {
      expect(heardFrom(frame)).toMatchObject({ kind: 'answer', mac: own })
    }
  })

  test('by an advertisement without a MAC address in it that its sender has the address', () => {
    const frame = { ...ndpReply(own, vip6, asker6), linkLayer: undefined }
    expect(heardFrom(frame)).toEqual({ kind: 'answer', address: vip6, mac: own })
  })

  test('by an answer of 0.0.0.0 nothing', () => {
    expect(heardFrom(arpReply(own, '0.0.0.0' as Address, asker))).toBeUndefined()
  })

  test('by a question where its asker is, and by a solicitation nothing', () => {
    expect(heardFrom(arpRequest(own, asker.address, vip))).toMatchObject({ address: asker.address })
    expect(heardFrom(ndpSolicitation(asker6, vip6))).toBeUndefined()
  })
})

describe('a frame is nothing', () => {
  /** The frame with some bytes changed, and the right checksum. */
  function changed(frame: Frame, at: number, ...bytes: readonly number[]): Uint8Array {
    const other = encodeFrame(frame)
    other.set(bytes, at)
    if (frame.kind === 'arp') return other
    other.set([0, 0], 56)
    const sum = icmpv6Checksum(other.subarray(22, 54), other.subarray(54))
    other.set([sum >> 8, sum & 255], 56)
    return other
  }
  const request = arpRequest(own, asker.address, vip)
  const solicitation = ndpSolicitation(asker6, vip6)

  test.each<[string, Uint8Array]>([
    ['of another kind', changed(request, 12, 8, 0)],
    ['of ARP with an operation that is neither question nor answer', changed(request, 20, 0, 3)],
    ['of ARP with an operation beyond them', changed(request, 20, 1, 1)],
    ['that is no IPv6', changed(solicitation, 14, 0x40)],
    ['of another protocol', changed(solicitation, 20, 17)],
    ['that came through a router', changed(solicitation, 21, 254)],
    ['of another code', changed(solicitation, 55, 1)],
    ['of ICMPv6 about something else', changed(solicitation, 54, 134)],
    ['about a group', changed(solicitation, 62, 0xff)],
    ['with an option of no length', changed(solicitation, 79, 0)],
  ])('%s', (_, bytes) => {
    expect(parseFrame(bytes)).toBeUndefined()
  })

  test('of an odd length, if its option is cut off', () => {
    const cut = changed(solicitation, 18, 0, 31).subarray(0, 54 + 31)
    cut.set([0, 0], 56)
    const sum = icmpv6Checksum(cut.subarray(22, 54), cut.subarray(54))
    cut.set([sum >> 8, sum & 255], 56)
    expect(parseFrame(cut)).toBeUndefined()
  })
})

test('an advertisement is written with its flags, and read with them', () => {
  const plain = ndpReply(own, vip6, asker6)
  for (const flags of [
    { isRouter: true, isSolicited: true, overrides: false },
    { isRouter: false, isSolicited: false, overrides: true },
  ]) {
    const frame = { ...plain, ...flags }
    expect(parseFrame(encodeFrame(frame))).toEqual(frame)
  }
})

test('an advertisement to a group that says that it was asked for is not heeded (RFC 4861, 7.1.2)', () => {
  const [frame] = gratuitousFrames(own, vip6)
  expect(parseFrame(encodeFrame({ ...frame, isSolicited: true } as Frame))).toBeUndefined()
})

test('a probe from :: to one neighbour, or with a MAC address, is not heeded (RFC 4861, 7.1.1)', () => {
  const probe = ndpProbe(own, vip6)
  expect(parseFrame(encodeFrame({ ...probe, destination: vip6 }))).toBeUndefined()
  expect(parseFrame(encodeFrame({ ...probe, linkLayer: own }))).toBeUndefined()
})

test('any bytes are read without an exception', () => {
  const kinds = fc.constantFrom([8, 6], [0x86, 0xdd], [8, 0])
  const some = fc
    .tuple(fc.uint8Array({ maxLength: 120, size: 'max' }), kinds, fc.boolean())
    .map(([random, kind, isLikely]) => {
      const frame = random.slice()
      if (frame.length > 13) frame.set(kind, 12)
      if (isLikely && frame.length > 21)
        frame.set([0x60, 0, 0, 0, 0, frame.length % 90, 58, 255], 14)
      return frame
    })
  fc.assert(
    fc.property(some, (frame) => {
      const parsed = parseFrame(frame)
      if (parsed !== undefined) heardFrom(parsed)
    }),
    { numRuns: 3_000 },
  )
})

test('options of any kind and length end the reading, and what is read is written alike', () => {
  const option = fc.tuple(
    fc.nat({ max: 255 }),
    fc.nat({ max: 3 }),
    fc.uint8Array({ minLength: 30, maxLength: 30 }),
  )
  fc.assert(
    fc.property(fc.array(option, { maxLength: 5 }), (options) => {
      const tail = options.flatMap(([type, length, value]) => [
        type,
        length,
        ...value.subarray(0, Math.max(0, 8 * length - 2)),
      ])
      const plain = encodeFrame(ndpSolicitation(asker6, vip6)).subarray(0, 78)
      const frame = Uint8Array.from([...plain, ...tail])
      frame.set([0, 24 + tail.length], 18)
      frame.set([0, 0], 56)
      const sum = icmpv6Checksum(frame.subarray(22, 54), frame.subarray(54))
      frame.set([sum >> 8, sum & 255], 56)
      const parsed = parseFrame(frame)
      if (options.some(([, length]) => length === 0)) expect(parsed).toBeUndefined()
      else expect(parsed).toMatchObject({ kind: 'solicitation', target: vip6 })
    }),
    { numRuns: 500 },
  )
})

test('frames of random addresses are read as they were written', () => {
  const mac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macText)
  const family = (length: number): fc.Arbitrary<Address> =>
    fc.uint8Array({ minLength: length, maxLength: length }).map((random) => {
      const unicast = random.slice()
      unicast[0] = 0x20
      return addressFromBytes(unicast)
    })
  fc.assert(
    fc.property(mac, fc.oneof(family(4), family(16)), (from, address) => {
      for (const frame of [probeFrame(from, address), ...gratuitousFrames(from, address)]) {
        expect(parseFrame(encodeFrame(frame))).toEqual(frame)
      }
    }),
    { numRuns: 500 },
  )
})
