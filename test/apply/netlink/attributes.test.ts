import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AttributeWriter } from '../../../src/apply/netlink/attributes.ts'

/** Writes one attribute. */
type Write = (writer: AttributeWriter) => void

const type = fc.integer({ min: 1, max: 60 })
const leaf: fc.Arbitrary<Write> = fc.oneof(
  fc.tuple(type, fc.integer({ min: 0, max: 255 })).map(
    ([t, n]): Write =>
      (w) =>
        w.u8(t, n),
  ),
  fc.tuple(type, fc.nat()).map(
    ([t, n]): Write =>
      (w) =>
        w.u32(t, n),
  ),
  fc.tuple(type, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })).map(
    ([t, n]): Write =>
      (w) =>
        w.u64(t, n),
  ),
  fc.tuple(type, fc.string({ maxLength: 40 })).map(
    ([t, text]): Write =>
      (w) =>
        w.text(t, text),
  ),
  fc.tuple(type, fc.uint8Array({ maxLength: 40 })).map(
    ([t, b]): Write =>
      (w) =>
        w.bytes(t, b),
  ),
  fc.tuple(type, fc.integer({ min: 0, max: 40 })).map(
    ([t, n]): Write =>
      (w) =>
        w.zeros(t, n),
  ),
)
const write: fc.Arbitrary<Write> = fc.oneof(
  leaf,
  fc.tuple(type, fc.array(leaf, { maxLength: 5 })).map(
    ([t, all]): Write =>
      (w) =>
        w.nested(t, () => {
          for (const each of all) each(w)
        }),
  ),
)

test('a message is the same wherever the room for it ends', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(write, { maxLength: 8 }), { maxLength: 4 }),
      fc.integer({ min: 1, max: 200 }),
      (messages, chunk) => {
        const [small, large] = [new AttributeWriter(chunk), new AttributeWriter(1 << 20)]
        const written = messages.map((all) =>
          [small, large].map((writer) => {
            writer.family(2)
            for (const each of all) each(writer)
            return writer.finish()
          }),
        )
        for (const [one, other] of written) expect(one).toEqual(other)
      },
    ),
    { numRuns: 500 },
  )
})
