import { expect, test } from 'vitest'
import type { PoolUsage } from '../../src/allocate/allocation.ts'
import { countersToWrite } from '../../src/controller/pool-counters.ts'

const usage: readonly PoolUsage[] = [
  { pool: 'lan', family: 'ipv4', size: 11n, held: 2 },
  { pool: 'lan', family: 'ipv6', size: 1n << 64n, held: 1 },
]

const counters = {
  assignedIPv4: 2,
  assignedIPv6: 1,
  availableIPv4: 9,
  availableIPv6: Number.MAX_SAFE_INTEGER,
}

test('counters are written where they differ, and not again', () => {
  expect(countersToWrite(usage, new Map([['metallb-system/lan', undefined]]))).toEqual([
    { pool: 'metallb-system/lan', counters },
  ])
  expect(countersToWrite(usage, new Map([['metallb-system/lan', counters]]))).toEqual([])
})

test('a pool that gives nothing has zeros', () => {
  const [write] = countersToWrite([], new Map([['metallb-system/lan', {}]]))
  expect(Object.values(write?.counters ?? {})).toEqual([0, 0, 0, 0])
})

test('of two pools of one name neither is counted', () => {
  const statuses = new Map([
    ['a/lan', undefined],
    ['b/lan', undefined],
  ])
  expect(countersToWrite(usage, statuses)).toEqual([])
})
