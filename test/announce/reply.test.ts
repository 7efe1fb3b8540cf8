import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { reply } from '../../src/announce/reply.ts'
import { type Address, addressFromBytes } from '../../src/model/address.ts'
import { NODE_MAC, questions } from '../support/questions.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
/** Unicast addresses, as those of Services are. */
const ipv4 = bytes(4).map((some) => addressFromBytes(Uint8Array.of(10, ...some.subarray(1))))
const ipv6 = bytes(16).map((some) => addressFromBytes(Uint8Array.of(0x20, ...some.subarray(1))))
const pairs = fc.tuple(ipv4, ipv6)

describe('a question', () => {
  test('gets its answer byte for byte, or none, whatever the addresses are', () => {
    fc.assert(
      fc.property(pairs, pairs, (ours, others) => {
        fc.pre(ours[0] !== others[0] && ours[1] !== others[1])
        const answers = { mac: NODE_MAC, addresses: new Set<Address>(ours) }
        for (const { name, question, answer } of questions(ours, others)) {
          // The filter of the socket drops what is for other hosts.
          if (name.includes('of another host')) continue
          const found = reply(question, answers)
          const frame = found && Buffer.from(found.frame).toString('hex')
          expect([name, frame]).toEqual([name, answer?.toString('hex')])
        }
      }),
    )
  })

  test('gets none if a bit of it is wrong, where a checksum tells', () => {
    const all = questions(['10.0.0.1', '2001:db8::1'], ['10.0.0.2', '2001:db8::2'])
    const solicitations = all.filter(({ answer, name }) => answer && /probe with|solic/.test(name))
    expect(solicitations).toHaveLength(4)
    const addresses = new Set(['10.0.0.1', '2001:db8::1'] as unknown as Address[])
    fc.assert(
      fc.property(fc.constantFrom(...solicitations), fc.nat(), (asked, bit) => {
        const frame = Uint8Array.from(asked.question)
        const [first, count] = [8 * 22, 8 * (frame.length - 22)]
        const at = first + (bit % count)
        frame[at >> 3] = (frame[at >> 3] ?? 0) ^ (1 << (at & 7))
        expect(reply(frame, { mac: NODE_MAC, addresses })).toBeUndefined()
      }),
    )
  })
})

test('a question that is cut off, or not of ARP or IPv6, gets no answer', () => {
  const addresses = new Set(['10.0.0.1', '2001:db8::1'] as unknown as Address[])
  const answers = { mac: NODE_MAC, addresses }
  const all = questions(['10.0.0.1', '2001:db8::1'], ['10.0.0.2', '2001:db8::2'])
  for (const { question, answer } of all) {
    if (answer === undefined) continue
    for (let length = 0; length < Math.min(question.length, answer.length); length++) {
      expect(reply(question.subarray(0, length), answers)).toBeUndefined()
    }
    const other = Uint8Array.from(question)
    other.set([8, 0], 12)
    expect(reply(other, answers)).toBeUndefined()
  }
})

test('any bytes are read without an exception, and answered only if they ask', () => {
  const answers = { mac: NODE_MAC, addresses: new Set<Address>() }
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100, size: 'max' }),
      fc.constantFrom([8, 6], [0x86, 0xdd], [8, 0]),
      (some, type) => {
        const frame = Uint8Array.from(some)
        if (frame.length >= 14) frame.set(type, 12)
        expect(reply(frame, answers)).toBeUndefined()
      },
    ),
  )
})
