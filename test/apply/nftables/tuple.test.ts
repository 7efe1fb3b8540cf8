import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeRange,
  decodeTuple,
  encodeRange,
  tupleLength,
  writeTuple,
} from '../../../src/apply/nftables/tuple.ts'
import { addressBytes, addressFromBytes } from '../../../src/model/address.ts'
import type { Tuple } from '../../../src/model/tuple.ts'
import type { FieldType } from '../../../src/ruleset/nftables/types.ts'

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  // Zero runs are what IPv6 text is about.
  fc
    .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })), {
      minLength: length,
      maxLength: length,
    })
    .map((list) => Uint8Array.from(list))

const texts: Readonly<Record<FieldType, fc.Arbitrary<string>>> = {
  ipv4_addr: bytes(4).map(addressFromBytes),
  ipv6_addr: bytes(16).map(addressFromBytes),
  inet_proto: fc.oneof(fc.constantFrom('tcp', 'udp', 'sctp'), fc.constantFrom('1', '0', '255')),
  inet_service: fc.integer({ min: 0, max: 65_535 }).map(String),
  slot: fc.integer({ min: 0, max: 0xffffffff }).map(String),
}

const fields: fc.Arbitrary<readonly FieldType[]> = fc.array(
  fc.constantFrom(...(Object.keys(texts) as FieldType[])),
  { minLength: 1, maxLength: 6 },
)

const tuples: fc.Arbitrary<{ readonly types: readonly FieldType[]; readonly tuple: Tuple }> =
  fields.chain((types) =>
    fc
      .tuple(...types.map((type) => texts[type]))
      .map((list) => ({ types, tuple: list.join(' . ') as Tuple })),
  )

function encodeTuple(types: readonly FieldType[], tuple: Tuple): Buffer {
  const bytes = Buffer.alloc(tupleLength(types))
  writeTuple(types, tuple, bytes, 0)
  return bytes
}

describe('a tuple', () => {
  it('survives being encoded', () => {
    fc.assert(
      fc.property(tuples, ({ types, tuple }) => {
        expect(decodeTuple(types, encodeTuple(types, tuple))).toBe(tuple)
      }),
    )
  })

  it('has the bytes that the kernel compares', () => {
    const types: FieldType[] = ['ipv4_addr', 'inet_proto', 'inet_service']
    expect(encodeTuple(types, '10.0.0.1 . tcp . 80' as Tuple).toString('hex')).toBe(
      '0a0000010600000000500000',
    )
    expect(encodeTuple(['inet_service'], '80' as Tuple).toString('hex')).toBe('0050')
  })

  it('has addresses as the model has them', () => {
    fc.assert(
      fc.property(bytes(16), (address) => {
        const text = addressFromBytes(address)
        expect([...encodeTuple(['ipv6_addr'], text as unknown as Tuple)]).toEqual([
          ...addressBytes(text),
        ])
        expect(decodeTuple(['ipv6_addr'], Buffer.from(address))).toBe(text)
      }),
    )
  })

  it.each([
    ['10.0.0 . tcp . 80'],
    ['10.0.0.256 . tcp . 80'],
    ['10.0.0.1.2 . tcp . 80'],
    ['10.0.0.1 . tcp'],
    ['10.0.0.1 . tcp . 80 . 1'],
    ['10.0.0.1 . tcp . 65536'],
    ['10.0.0.1 . tcp . '],
    ['10.0.0.1 . http . 80'],
  ])('refuses %s', (text) => {
    expect(() => encodeTuple(['ipv4_addr', 'inet_proto', 'inet_service'], text as Tuple)).toThrow()
  })

  it.each([
    ['::1::2'],
    ['1:2:3:4:5:6:7'],
    ['1:2:3:4:5:6:7:8:9'],
    [':1'],
    ['12345::'],
    ['1:::2'],
    ['g::'],
  ])('refuses %s', (text) => {
    expect(() => encodeTuple(['ipv6_addr'], text as Tuple)).toThrow()
  })
})

describe('a range', () => {
  it('survives being encoded', () => {
    fc.assert(
      fc.property(bytes(4), bytes(4), (one, other) => {
        const ends = [Buffer.from(one), Buffer.from(other)].sort((a, b) => a.compare(b))
        const [first, last] = ends as [Buffer, Buffer]
        const text = decodeRange(['ipv4_addr'], { first, last })
        expect(encodeRange(['ipv4_addr'], text)).toEqual({ first, last })
      }),
    )
  })

  it.each([
    ['10.0.0.0/8', '0a000000', '0affffff'],
    ['10.0.0.0/31', '0a000000', '0a000001'],
    ['10.0.0.3-10.0.0.4', '0a000003', '0a000004'],
    ['0.0.0.0/0', '00000000', 'ffffffff'],
    ['10.0.0.1', '0a000001', '0a000001'],
  ])('is canonical: %s', (text, first, last) => {
    const range = { first: Buffer.from(first, 'hex'), last: Buffer.from(last, 'hex') }
    expect(encodeRange(['ipv4_addr'], text as Tuple)).toEqual(range)
    expect(decodeRange(['ipv4_addr'], range)).toBe(text)
  })

  it('takes a prefix for the last field of a concatenation', () => {
    const types: FieldType[] = ['ipv6_addr', 'inet_service', 'ipv6_addr']
    const text = 'fd00::1 . 80 . 2001:db8::/33' as Tuple
    expect(decodeRange(types, encodeRange(types, text))).toBe(text)
  })
})
