import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readRanges } from '../../src/decode/allocation/address-ranges.ts'
import { report as startReport } from '../../src/decode/problem.ts'
import { addressOf } from '../../src/model/address.ts'
import { said } from './said.ts'

function read(...entries: readonly unknown[]) {
  const report = startReport('pool.yaml')
  const ranges = readRanges(entries, 'spec.addresses', report).map(({ family, first, last }) => {
    return `${addressOf(family, first)} ${addressOf(family, last)}`
  })
  return { ranges, said: said(report.problems) }
}

test.each([
  ['192.0.2.0/24', '192.0.2.0 192.0.2.255'],
  ['192.168.1.77/28', '192.168.1.64 192.168.1.79'],
  ['192.0.2.7/32', '192.0.2.7 192.0.2.7'],
  [' 192.0.2.0/30 ', '192.0.2.0 192.0.2.3'],
  ['192.0.2.10-192.0.2.20', '192.0.2.10 192.0.2.20'],
  [' 192.0.2.10 - 192.0.2.20 ', '192.0.2.10 192.0.2.20'],
  ['192.0.2.10-192.0.2.10', '192.0.2.10 192.0.2.10'],
  ['2001:db8::/64', '2001:db8:: 2001:db8::ffff:ffff:ffff:ffff'],
  ['2001:DB8::1-2001:db8::a', '2001:db8::1 2001:db8::a'],
  ['::ffff:10.1.0.5-::ffff:10.1.0.9', '10.1.0.5 10.1.0.9'],
  ['10.1.0.5-::ffff:10.1.0.9', '10.1.0.5 10.1.0.9'],
  ['::ffff:10.1.0.0/120', '10.1.0.0 10.1.0.255'],
  // It begins before the addresses that stand for IPv4, so it is of IPv6.
  ['::fffe:0:0/95', '::fffe:0:0 ::ffff:ffff:ffff'],
])('%s is a range', (entry, range) => {
  const { ranges, said } = read(entry)
  expect(said).toEqual([])
  expect(ranges).toEqual([range])
})

test.each<[unknown, RegExp]>([
  ['192.0.2.1', /expected a range; 192.0.2.1 alone is written 192.0.2.1\/32/],
  ['2001:db8::1', /alone is written 2001:db8::1\/128/],
  ['192.0.2.20-192.0.2.10', /expected the lower address first: 192.0.2.10-192.0.2.20/],
  ['192.0.2.1-2001:db8::1', /two addresses of one family/],
  ['192.0.2.0/33', /a range such as 192.0.2.0\/24/],
  ['192.0.2.1-', /a range such as/],
  ['-', /a range such as/],
  ['192.0.2.1-192.0.2.2-192.0.2.3', /a range such as/],
  ['', /a range such as/],
  [7, /found 7, expected a range such as/],
  [null, /found null, expected a range such as/],
  ['0.0.0.0/0', /no unspecified, loopback or multicast address/],
  ['126.0.0.0-128.0.0.0', /no unspecified, loopback or multicast address/],
  ['224.0.0.0/4', /no unspecified, loopback or multicast address/],
  ['::/64', /no unspecified, loopback or multicast address/],
  ['ff02::1/128', /no unspecified, loopback or multicast address/],
])('%o is left out, with what to write instead', (entry, told) => {
  const { ranges, said } = read('198.51.100.0/24', entry)
  expect(ranges).toEqual(['198.51.100.0 198.51.100.255'])
  expect(said).toEqual([expect.stringMatching(told)])
  expect(said[0]).toMatch(/^spec\.addresses\[1\]: /)
})

test('leading zeros are read as decimal, and told', () => {
  const { ranges, said } = read('192.168.010.0/24', '192.0.2.001-192.0.2.9')
  expect(ranges).toEqual(['192.168.10.0 192.168.10.255', '192.0.2.1 192.0.2.9'])
  expect(said).toEqual([
    expect.stringMatching(/no leading zeros; read as 192.168.10.0-192.168.10.255/),
    expect.stringMatching(/no leading zeros; read as 192.0.2.1-192.0.2.9/),
  ])
})

test('an overlap is told at the entry that begins inside another one', () => {
  const { ranges, said } = read('192.0.2.0/24', '2001:db8::/64', '192.0.2.200-192.0.3.9')
  expect(ranges).toHaveLength(3)
  expect(said).toEqual([
    'spec.addresses[2]: found "192.0.2.200-192.0.3.9", expected no address of spec.addresses[0], ' +
      'which is 192.0.2.0/24; each address counts once',
  ])
})

test('an overlap is told behind an entry that ends early', () => {
  const { said } = read('10.0.0.0/8', '10.0.0.0/24', '10.0.1.0/24', '10.0.0.128/25')
  expect(said).toHaveLength(3)
  for (const line of said) expect(line).toContain('which is 10.0.0.0/8')
})

const entries = fc.array(
  fc.oneof(
    fc.string(),
    fc.jsonValue(),
    fc
      .tuple(
        fc.ipV4(),
        fc.constantFrom('/', '-', ' - '),
        fc.oneof(fc.ipV4(), fc.nat(40).map(String)),
      )
      .map((parts) => parts.join('')),
    fc.tuple(fc.ipV6(), fc.nat(130)).map((parts) => parts.join('/')),
  ),
  { maxLength: 6 },
)

test('every entry is a range or a problem, whatever it is', () => {
  fc.assert(
    fc.property(entries, (values) => {
      const report = startReport('pool.yaml')
      const ranges = readRanges(values, 'spec.addresses', report)
      const errors = report.problems.filter(({ severity }) => severity === 'error')
      expect(ranges.length + errors.length).toBe(values.length)
      for (const { first, last } of ranges) expect(first <= last).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

test('what is told of overlaps is told exactly where there are some', () => {
  const range = fc
    .tuple(fc.nat(40), fc.nat(8))
    .map(([first, size]) => `10.0.0.${first}-10.0.0.${first + size}`)
  fc.assert(
    fc.property(fc.array(range, { maxLength: 6 }), (values) => {
      const report = startReport('pool.yaml')
      const ranges = readRanges(values, 'spec.addresses', report)
      const overlap = ranges.some((a, i) =>
        ranges.some((b, j) => i !== j && a.first <= b.last && b.first <= a.last),
      )
      expect(report.problems.length > 0).toBe(overlap)
    }),
  )
})
