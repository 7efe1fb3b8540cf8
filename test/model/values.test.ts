import { expect, test } from 'vitest'
import { ipvsOf } from '../../src/model/backend.ts'
import { defaultIpvsSettings } from '../../src/model/ipvs.ts'
import { present } from '../../src/model/present.ts'
import { firstFields, lastFields, tuple, withoutLastFields } from '../../src/model/tuple.ts'

test('the fields of a tuple are taken from the front and from the end', () => {
  const three = tuple('10.96.0.10', 'tcp', 80)
  expect([1, 2, 3, 4].map((count) => firstFields(three, count))).toEqual([
    '10.96.0.10',
    '10.96.0.10 . tcp',
    three,
    three,
  ])
  expect([1, 2, 3].map((count) => lastFields(three, count))).toEqual(['80', 'tcp . 80', three])
  expect([1, 2, 3].map((count) => withoutLastFields(three, count))).toEqual([
    '10.96.0.10 . tcp',
    '10.96.0.10',
    '',
  ])
})

test('with another backend, what ipvs left is looked for where it would be by default', () => {
  const own = { ...defaultIpvsSettings, interface: 'lb0' }
  expect(ipvsOf({ backend: { kind: 'ipvs', ...own } }).interface).toBe('lb0')
  expect(ipvsOf({ backend: { kind: 'nftables' } })).toBe(defaultIpvsSettings)
})

test('a fault of nodelb stops what relies on it, and nothing is made up in its place', () => {
  expect(present(0)).toBe(0)
  expect(() => present(undefined)).toThrow(TypeError)
})
