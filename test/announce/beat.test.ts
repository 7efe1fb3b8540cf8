import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Beat, Claim } from '../../src/announce/beat.ts'
import { beatBytes } from '../../src/announce/beat-bytes.ts'
import { decodeClaims, digestOf, partsOf } from '../../src/announce/beat-claims.ts'
import {
  beatKey,
  decodeBeat,
  encodeBeat,
  LONGEST_DATAGRAM,
  PROOF,
  PROOF_AT,
  proofOf,
} from '../../src/announce/beat-codec.ts'
import { macText } from '../../src/announce/mac.ts'
import { type Address, addressFromBytes } from '../../src/model/address.ts'
import { hmacSha256 } from '../../src/speaker/hmac.ts'

const key = beatKey(new Uint8Array(32).fill(1))
const native = beatKey(key.bytes, hmacSha256)
const next = beatKey(new Uint8Array(32).fill(2))

const address = fc
  .oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  )
  .map(addressFromBytes)
const claims = fc
  .uniqueArray(fc.tuple(address, fc.constantFrom<Claim>('partly', 'wholly', 'offered')), {
    selector: ([of]) => of,
    maxLength: 80,
  })
  .map((entries) => new Map(entries))
const name = (maxLength: number): fc.Arbitrary<string> =>
  fc.stringMatching(/^[a-z0-9.-]+$/).map((text) => text.slice(0, maxLength))
const beat: fc.Arbitrary<Beat> = fc
  .record({
    node: name(253),
    incarnation: fc.maxSafeNat(),
    sequence: fc.maxSafeNat(),
    state: fc.constantFrom('live' as const, 'leaving' as const, 'stale' as const),
    settled: fc.boolean(),
    links: fc.array(
      fc.record({
        name: name(15),
        mac: fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macText),
      }),
      { maxLength: 16 },
    ),
    wantsList: fc.boolean(),
    offer: fc.option(claims.map(digestOf), { nil: undefined }),
    takes: fc.option(claims.map(digestOf), { nil: undefined }),
    claims,
    lists: fc.boolean(),
  })
  .map(({ claims: all, lists, ...rest }) => ({
    ...rest,
    digest: digestOf(all),
    part: lists ? partsOf(all)[0] : undefined,
  }))

const some: Beat = {
  node: 'node-a',
  incarnation: 1_764_208_000_000,
  sequence: 7,
  state: 'live',
  settled: true,
  links: [{ name: 'eth0', mac: '02:00:00:00:00:0a' }],
  wantsList: false,
  offer: undefined,
  takes: undefined,
  digest: digestOf(new Map()),
  part: { index: 0, count: 1, claims: new Map([['192.0.2.1' as Address, 'offered']]) },
}

test('a beat is read as it was written, from one datagram', () => {
  fc.assert(
    fc.property(beat, (each) => {
      const bytes = encodeBeat(each, 'node-b', key)
      expect(bytes.length).toBeLessThanOrEqual(LONGEST_DATAGRAM)
      expect(decodeBeat(bytes, 'node-b', [key])).toEqual(each)
      expect(encodeBeat(each, 'node-b', native)).toEqual(bytes)
    }),
    { numRuns: 300 },
  )
})

test('a beat that takes an offer has the proof at its place, which is another one for each offer, Node and key', () => {
  const offer = '00000000000000ab'
  const bytes = encodeBeat({ ...some, offer, takes: offer }, 'node-b', key)
  const proof = Buffer.from(bytes.subarray(PROOF_AT, PROOF_AT + PROOF)).toString('hex')
  expect(proofOf({ offer, from: 'node-b', to: 'node-a' }, key)).toBe(proof)
  const others = [
    proofOf({ offer: '00000000000000ac', from: 'node-b', to: 'node-a' }, key),
    proofOf({ offer, from: 'node-c', to: 'node-a' }, key),
    proofOf({ offer, from: 'node-b', to: 'node-c' }, key),
    proofOf({ offer, from: 'node-b', to: 'node-a' }, next),
  ]
  expect(new Set([proof, ...others]).size).toBe(5)
  // Neither the offer nor any other beat shows it.
  const offering = Buffer.from(encodeBeat({ ...some, offer }, 'node-b', key)).toString('hex')
  expect(offering).not.toContain(proof)
})

test('the longest beat fits into a datagram', () => {
  const all = new Map(
    Array.from(
      { length: 1_000 },
      (_, at) => [`2001:db8::${(at + 1).toString(16)}` as Address, 'wholly'] as const,
    ),
  )
  const parts = partsOf(all)
  const links = Array.from({ length: 40 }, () => ({
    name: 'eth0123456789ab',
    mac: '02:00:00:00:00:0a',
  }))
  for (const part of parts) {
    const named = { offer: '00000000000000ab', takes: '00000000000000ac' }
    const beat = { ...some, ...named, node: 'n'.repeat(253), links, part }
    const bytes = encodeBeat(beat, 'node-b', key)
    expect(bytes.length).toBeLessThanOrEqual(LONGEST_DATAGRAM)
    expect(decodeBeat(bytes, 'node-b', [key])?.part).toEqual(part)
  }
  expect(new Map(parts.flatMap((part) => [...part.claims]))).toEqual(all)
  expect(parts.map(({ index }) => index)).toEqual(parts.map((_, at) => at))
})

describe('a datagram is refused', () => {
  const bytes = encodeBeat(some, 'node-b', key)

  test('with any bit changed', () => {
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
      expect(decodeBeat(changed, 'node-b', [key])).toBeUndefined()
    }
  })

  test('with bytes missing or too many', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeBeat(bytes.subarray(0, length), 'node-b', [key])).toBeUndefined()
    }
    expect(decodeBeat(Uint8Array.from([...bytes, 0]), 'node-b', [key])).toBeUndefined()
    expect(decodeBeat(new Uint8Array(LONGEST_DATAGRAM + 1), 'node-b', [key])).toBeUndefined()
  })

  test('by another receiver: what is offered to one is not offered to another', () => {
    expect(decodeBeat(bytes, 'node-c', [key])).toBeUndefined()
  })

  test('with another key, unless both are accepted', () => {
    expect(decodeBeat(bytes, 'node-b', [next])).toBeUndefined()
    expect(decodeBeat(bytes, 'node-b', [])).toBeUndefined()
    expect(decodeBeat(bytes, 'node-b', [next, key])).toEqual(some)
    expect(decodeBeat(encodeBeat(some, 'node-b', next), 'node-b', [next, key])).toEqual(some)
  })
})

describe('a holder of the key cannot make a beat', () => {
  const whole: Beat = { ...some, node: 'node-a.example.org' }
  const said = beatBytes(whole)
  const AFTER_NODE = 2 + whole.node.length

  /** The datagram that says these bytes. */
  function signed(bytes: Iterable<number>): Uint8Array {
    const rest = Uint8Array.from([...key.id, 1, ...bytes])
    const receiver = new TextEncoder().encode('node-b')
    const mac = key.mac(key.bytes, Uint8Array.from([...rest, ...receiver])).slice(0, 16)
    return Uint8Array.from([...mac, ...rest])
  }

  /** The beat with these bytes from one place on. */
  function changed(at: number, ...bytes: readonly number[]): Uint8Array {
    const other = said.slice()
    other.set(bytes, at)
    return other
  }

  test('that is cut off, nor one with more behind it', () => {
    expect(decodeBeat(signed(said), 'node-b', [key])).toEqual(whole)
    for (let length = 0; length < said.length; length++) {
      // A list without its only claim is a list, too.
      if (length === said.length - 5) continue
      expect(decodeBeat(signed(said.subarray(0, length)), 'node-b', [key])).toBeUndefined()
    }
    expect(decodeBeat(signed([...said, 0]), 'node-b', [key])).toBeUndefined()
  })

  test.each<[string, Iterable<number>]>([
    ['without a name', [0, 0, ...said.subarray(AFTER_NODE)]],
    ['with too long a name', [0, 254, ...Array(254).fill(97), ...said.subarray(AFTER_NODE)]],
    ['of a state that there is not', changed(0, (said[0] ?? 0) | 3)],
    ['of an incarnation that no number is', changed(AFTER_NODE, 0xff)],
    ['with a sequence that no number is', changed(AFTER_NODE + 8, 0xff)],
    ['with a part beyond the last', changed(said.length - 9, 0, 1)],
    ['with a claim of a kind that there is not', changed(said.length - 5, 3)],
    ['with a claim that is cut off', changed(said.length - 5, 4)],
  ])('%s', (_, bytes) => {
    expect(decodeBeat(signed(bytes), 'node-b', [key])).toBeUndefined()
  })
})

test('any bytes are read without an exception, signed or not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300, size: 'max' }), (bytes) => {
      decodeBeat(bytes, 'node-b', [key])
      decodeClaims(bytes)
    }),
    { numRuns: 1_000 },
  )
})

test('a digest tells other claims from equal ones in another order', () => {
  fc.assert(
    fc.property(claims, claims, (a, b) => {
      expect(digestOf(new Map([...a].reverse()))).toBe(digestOf(a))
      const isEqual = a.size === b.size && [...a].every(([of, claim]) => b.get(of) === claim)
      expect(digestOf(a) === digestOf(b)).toBe(isEqual)
    }),
    { numRuns: 200 },
  )
})
