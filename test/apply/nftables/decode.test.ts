import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Reply } from '../../../src/apply/netlink/message.ts'
import { fitComment } from '../../../src/apply/nftables/comment.ts'
import {
  decodeChain,
  decodeElements,
  decodeRule,
  decodeSet,
  decodeTable,
} from '../../../src/apply/nftables/decode.ts'
import { encodePlan } from '../../../src/apply/nftables/encode.ts'
import type { Tuple } from '../../../src/model/tuple.ts'
import type { Plan } from '../../../src/plan/nftables/operation.ts'
import type { SetSchema } from '../../../src/ruleset/nftables/types.ts'
import { creation, SAMPLE_RULES, sampleSets, sampleTable } from './sample.ts'

const set: SetSchema = {
  name: 'endpoints',
  key: ['ipv4_addr', 'inet_proto', 'inet_service', 'slot'],
  data: ['ipv4_addr', 'inet_service'],
}

function additions(count: number, comment?: string): Plan {
  return Array.from({ length: count }, (_, i) => ({
    kind: 'add-element',
    family: 'ip',
    set,
    key: `10.0.0.1 . tcp . 80 . ${i}` as Tuple,
    value: {
      data: '10.1.1.1 . 8080' as Tuple,
      ...(comment === undefined ? {} : { comment }),
    },
  }))
}

function replies(plan: Plan): Reply[] {
  return encodePlan(plan).requests.map(({ type, flags, payload }) => ({
    type,
    flags,
    sequence: 1,
    payload: Buffer.from(payload),
  }))
}

describe('elements', () => {
  it('fill messages of less than 64 KiB, in order', () => {
    const plan = additions(5000, 'a comment')
    const { requests, operations } = encodePlan(plan)
    expect(requests.length).toBeGreaterThan(4)
    for (const { payload } of requests) expect(payload.length).toBeLessThan(65_000)
    const indexes = operations.flatMap(({ from, count }) =>
      Array.from({ length: count }, (_, at) => from + at),
    )
    expect(indexes).toEqual(plan.map((_, index) => index))
    const found = decodeElements(replies(plan), set)
    expect([...found]).toEqual(
      plan.map((one) => (one.kind === 'add-element' ? [one.key, one.value] : one)),
    )
  })

  it('share a message only with their like', () => {
    const [first, second, third] = additions(3) as [Plan[0], Plan[0], Plan[0]]
    const away = { ...second, kind: 'delete-element' } as Plan[0]
    expect(encodePlan([first, away, second, third]).operations).toEqual([
      { from: 0, count: 1 },
      { from: 1, count: 1 },
      { from: 2, count: 2 },
    ])
  })

  it('have comments of at most 128 bytes', () => {
    const [value] = decodeElements(replies(additions(1, 'ü'.repeat(65))), set).values()
    expect(value?.comment).toBe('ü'.repeat(64))
    expect(fitComment(`x${'ü'.repeat(64)}`)).toBe(`x${'ü'.repeat(63)}`)
    expect(fitComment('x'.repeat(128))).toBe('x'.repeat(128))
  })
})

describe('decoding', () => {
  it('never throws on damaged replies', () => {
    const sent = replies(creation(sampleTable('ip', SAMPLE_RULES)))
    fc.assert(
      fc.property(
        fc.nat(sent.length - 1),
        fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }),
        fc.nat(300),
        (which, changes, cut) => {
          const payload = Buffer.from((sent[which] as Reply).payload.subarray(0, 4 + cut))
          for (const [at, value] of changes) if (at < payload.length) payload[at] = value
          const reply: Reply = { type: 0, flags: 0, sequence: 0, payload }
          decodeTable(reply)
          decodeChain(reply)
          decodeSet(reply)
          decodeRule(reply)
          for (const schema of sampleSets('ip')) decodeElements([reply], schema)
        },
      ),
      { numRuns: 2000 },
    )
  })
})
