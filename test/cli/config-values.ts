import fc from 'fast-check'
import type { Field, FieldKind } from '../../src/config/field.ts'
import { nested } from '../../src/config/nested.ts'
import { nodelbTable } from '../../src/config/nodelb-table.ts'
import { writeDuration } from '../../src/config/write-value.ts'

const ranges = fc.constantFrom('192.0.2.0/24', 'fd00::/8', '10.0.0.0/33', ' 10.1.0.0/16 ', '10/8')
const goodRanges = fc.constantFrom('192.0.2.0/24', 'fd00::/8', ' 10.1.0.0/16 ')
const listens = fc.constantFrom('', '192.0.2.1', ':10266', '[::1]:80', '0.0.0.0:10256')
const selectors = fc.constantFrom('', 'team=shop', '!a, b in (c,d)', 'app.io/x!=y')
const patterns = fc.constantFrom('^veth.*', 'eth0', '')
const texts = fc.constantFrom('nodelb0', '/run/frr', 'example.com/lb', 'a', 'x1', '/')

/** Values of a kind that are taken, whatever stands in other fields. */
function goodValues({ path, value }: Field): fc.Arbitrary<unknown> {
  switch (value.kind) {
    case 'choice':
      return fc.constantFrom(...value.of)
    case 'flag':
      return fc.boolean()
    case 'count':
      return fc.integer({ min: value.least, max: value.most })
    case 'duration':
      return durations(path, value)
    case 'list':
      return fc.array(itemsOf(path), { maxLength: 3 })
    case 'text':
      if (path.endsWith('Address')) return listens
      if (path.endsWith('selector')) return selectors
      return texts.filter((text) => new RegExp(value.pattern ?? '').test(text))
  }
}

/** With an interval of at most 5 s a limit of 10 s and more is long enough. */
function durations(
  path: string,
  { least, most }: Extract<FieldKind, { kind: 'duration' }>,
): fc.Arbitrary<string> {
  const min = path.endsWith('members.timeout') ? 10_000 : least
  return fc.integer({ min, max: most }).map(writeDuration)
}

function itemsOf(path: string): fc.Arbitrary<unknown> {
  if (path === 'protectedPorts') return fc.integer({ min: 1, max: 65_535 })
  return path === 'loadBalancerClasses' ? fc.string() : itemsOfPath(path, goodRanges)
}

function itemsOfPath(path: string, others: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return path.endsWith('excludeInterfaces') ? patterns : others
}

/** Fields of a NodelbConfiguration that are taken together, some of them null. */
export const anyFields: fc.Arbitrary<object> = fc
  .record(
    Object.fromEntries(
      nodelbTable.map((field) => [field.path, fc.option(goodValues(field), { freq: 8 })]),
    ),
    { requiredKeys: [] },
  )
  .map((values) => nested(Object.entries(values)))

/** Values for a field: good ones, those near the limits of its kind, and any other. */
export function valuesFor(field: Field): fc.Arbitrary<unknown> {
  return fc.oneof(
    goodValues(field),
    nearValues(field.value),
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(fc.oneof(ranges, texts, fc.integer(), fc.constant(null)), { maxLength: 2 }),
    fc.oneof(texts, listens, ranges, fc.string()),
  )
}

function nearValues(value: FieldKind): fc.Arbitrary<unknown> {
  switch (value.kind) {
    case 'count':
      return fc.constantFrom(value.least - 1, value.most + 1, value.least + 0.5, `${value.least}`)
    case 'duration':
      return fc.oneof(
        fc.integer({ min: 0, max: 2 * value.most }).map(writeDuration),
        fc.constantFrom('0', '1h30m', '-5s', '5', '.5s', '+10s', '5 s', '1d', '100us', '1.s'),
      )
    case 'choice':
      return fc.constantFrom(...value.of.map((word) => word.toUpperCase()), '')
    default:
      return fc.constant('')
  }
}
