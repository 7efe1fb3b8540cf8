import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NLM_F_ACK, NLM_F_REQUEST } from '../../../src/apply/netlink/constants.ts'
import {
  batchConversation,
  dumpConversation,
  requestConversation,
} from '../../../src/apply/netlink/conversation.ts'
import {
  frameBatch,
  frameMessage,
  nfgenmsg,
  parseAcknowledgement,
  parseDatagram,
  parseDone,
  parseGeneration,
  type Reply,
  type Request,
  resourceId,
} from '../../../src/apply/netlink/message.ts'
import { errnoName, errnoNumber, NetlinkError } from '../../../src/apply/netlink/netlink-error.ts'
import { attribute } from './requests.ts'

const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffffffff })
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array))
const request: fc.Arbitrary<Request> = fc.record({ type: u16, flags: u16, payload: bytes })

/** Bytes that begin like a message, so that the parsers do not give up at the first one. */
const likely = fc
  .tuple(fc.integer({ min: 0, max: 120 }), fc.constantFrom(2, 3, 0x0a0f, 0x0a0c), u16, bytes)
  .map(([length, type, flags, rest]) => {
    const head = Buffer.alloc(16)
    head.writeUInt32LE(length, 0)
    head.writeUInt16LE(type, 4)
    head.writeUInt16LE(flags, 6)
    head.writeUInt32LE(2, 8)
    return Buffer.concat([head, rest])
  })
const garbage = fc.oneof(
  bytes,
  likely,
  fc.array(likely).map((parts) => Buffer.concat(parts)),
)

function errorReply(errno: number, sequence: number, attributes: readonly Buffer[] = []): Reply {
  const head = Buffer.alloc(20)
  head.writeInt32LE(-errno, 0)
  head.writeUInt32LE(64, 4)
  const flags = attributes.length > 0 ? 0x300 : 0x100
  return { type: 2, flags, sequence, payload: Buffer.concat([head, ...attributes]) }
}

describe('framing', () => {
  it('writes the header in host order and pads to four bytes', () => {
    const frame = frameMessage({ type: 0x0a10, flags: 5, payload: Buffer.from([1, 2, 3, 4, 5]) }, 7)
    expect(frame.toString('hex')).toBe('15000000100a05000700000000000000' + '0102030405000000')
  })

  it('puts requests between BATCH_BEGIN with the generation and BATCH_END', () => {
    const one = { type: 0x0a00, flags: 0x400, payload: nfgenmsg(2) }
    const messages = parseDatagram(frameBatch([one, one], 0x01020304, 9))
    expect(messages.map(({ type, flags, sequence }) => [type, flags, sequence])).toEqual([
      [0x10, NLM_F_REQUEST, 9],
      [0x0a00, 0x400 | NLM_F_REQUEST, 10],
      [0x0a00, 0x400 | NLM_F_REQUEST | NLM_F_ACK, 11],
      [0x11, NLM_F_REQUEST, 12],
    ])
    expect(messages[0]?.payload.toString('hex')).toBe('0000000a' + '08000100' + '01020304')
    expect(messages[3]?.payload.toString('hex')).toBe('0000000a')
  })

  it('leaves the generation out where none is asked for', () => {
    const [begin] = parseDatagram(frameBatch([], 0, 1))
    expect(begin?.payload.toString('hex')).toBe('0000000a')
  })

  it('is undone by parsing', () => {
    fc.assert(
      fc.property(fc.array(request), u32, (requests, sequence) => {
        const frames = requests.map((each) => frameMessage(each, sequence))
        expect(
          parseDatagram(Buffer.concat(frames)).map(({ type, flags, payload }) => ({
            type,
            flags,
            payload,
          })),
        ).toEqual(requests)
      }),
    )
  })
})

describe('parsing', () => {
  it('never throws and never reads past the end, whatever it is given', () => {
    fc.assert(
      fc.property(garbage, (datagram) => {
        for (const reply of parseDatagram(datagram)) {
          parseAcknowledgement(reply)
          parseAcknowledgement({ ...reply, flags: 0x200 })
          parseAcknowledgement({ ...reply, flags: 0x300 })
          parseDone(reply)
          parseGeneration(reply)
          resourceId(reply)
        }
      }),
      { numRuns: 20_000 },
    )
  })

  it('never upsets a conversation', () => {
    fc.assert(
      fc.property(garbage, (datagram) => {
        const numbers = { begin: 1, requests: 3, bytes: 0, limit: 0 }
        const conversations = [
          dumpConversation(1),
          requestConversation(1),
          batchConversation(numbers),
        ]
        for (const reply of parseDatagram(datagram))
          for (const conversation of conversations) conversation.accept(reply)
      }),
      { numRuns: 5_000 },
    )
  })

  it('keeps the whole messages of a truncated datagram', () => {
    const frame = frameMessage({ type: 1, flags: 0, payload: Buffer.alloc(8) }, 1)
    const cut = Buffer.concat([frame, frame]).subarray(0, frame.length * 2 - 1)
    expect(parseDatagram(cut)).toHaveLength(1)
  })

  it('reads offset and message of an extended acknowledgement', () => {
    const offset = Buffer.from([52, 0, 0, 0])
    const reply = errorReply(2, 1, [attribute(2, offset), attribute(1, Buffer.from('no such\0'))])
    expect(parseAcknowledgement(reply)).toEqual({ errno: 2, offset: 52, message: 'no such' })
  })

  it('skips the quoted request where it is not capped', () => {
    const offset = attribute(2, Buffer.from([24, 0, 0, 0]))
    const { payload } = errorReply(2, 1, [Buffer.alloc(48), offset])
    const reply = { type: 2, flags: 0x200, sequence: 1, payload }
    expect(parseAcknowledgement(reply)).toEqual({ errno: 2, offset: 24 })
  })
})

describe('a batch', () => {
  const numbers = { begin: 10, requests: 2, bytes: 100, limit: 50 }
  const fence: Reply = { type: 0x0a0f, flags: 0, sequence: 14, payload: Buffer.alloc(0) }

  it.each([
    ['committed', [errorReply(0, 12)], { kind: 'committed' }],
    ['not answered', [], { kind: 'no-answer' }],
    ['stale', [errorReply(85, 10)], { kind: 'stale' }],
    [
      'rejected, even if its last request is acknowledged',
      [errorReply(17, 11), errorReply(0, 12)],
      { kind: 'rejected', failures: [{ index: 0, errno: 'EEXIST' }] },
    ],
  ])('is %s', (_, replies, result) => {
    const conversation = batchConversation(numbers)
    for (const reply of replies) expect(conversation.accept(reply)).toBeUndefined()
    expect(conversation.accept(fence)).toEqual({ kind: 'answered', result })
  })

  it('is refused as such by an error of its begin', () => {
    const conversation = batchConversation(numbers)
    conversation.accept(errorReply(1, 10))
    const settled = conversation.accept(fence)
    expect(settled).toMatchObject({ kind: 'refused', error: { code: 'EPERM', errno: 1 } })
  })

  it('is too large if sendmsg says so', () => {
    const result = { kind: 'too-large', bytes: 100, limit: 50 }
    expect(batchConversation(numbers).unsent('EMSGSIZE')).toEqual({ kind: 'answered', result })
  })
})

describe('a dump', () => {
  const element = (generation: number): Reply => ({
    type: 0x0a0c,
    flags: 2,
    sequence: 1,
    payload: nfgenmsg(2, generation),
  })
  const done: Reply = { type: 3, flags: 2, sequence: 1, payload: Buffer.alloc(4) }

  it.each([
    ['whole', [element(7), element(7), done], false],
    ['interrupted by another generation', [element(7), element(8), done], true],
    ['interrupted by its flag', [element(7), { ...done, flags: 0x12 }], true],
  ])('is %s', (_, replies, interrupted) => {
    const conversation = dumpConversation(0x0a0d)
    const settled = replies.map((reply) => conversation.accept(reply)).at(-1)
    expect(settled).toMatchObject({ kind: 'answered', result: { interrupted } })
  })

  it('is refused by the error in its end', () => {
    const payload = Buffer.from([0xf4, 0xff, 0xff, 0xff])
    const settled = dumpConversation(0x0a0d).accept({ ...done, payload })
    expect(settled).toMatchObject({ kind: 'refused', error: { code: 'ENOMEM' } })
  })
})

describe('error names', () => {
  it.each([
    [2, 'ENOENT'],
    [11, 'EAGAIN'],
    [85, 'ERESTART'],
    [95, 'EOPNOTSUPP'],
    [105, 'ENOBUFS'],
    [4000, 'E4000'],
  ])('%i is %s', (number, name) => {
    expect(errnoName(number)).toBe(name)
  })

  it('has a number for every name it gives, except invented ones', () => {
    for (let number = 1; number < 134; number++) {
      const name = errnoName(number)
      if (name !== `E${number}`) expect(errnoNumber(name)).toBe(number)
    }
  })

  it('says what failed, how and why', () => {
    const error = new NetlinkError('EPERM', 'nf_tables batch', { explanation: 'not yours' })
    expect(error.message).toBe('nf_tables batch: EPERM, not yours')
  })
})
