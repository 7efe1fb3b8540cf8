import { expect, test } from 'vitest'
import type { PoolUsage } from '../../src/allocate/allocation.ts'
import type { Decision } from '../../src/allocate/decide.ts'
import { PoolEvents, type PoolNews } from '../../src/controller/pool-events.ts'
import type { Problem } from '../../src/decode/problem.ts'

const NEARLY_FULL = 80

function decision(usage: readonly PoolUsage[], problems: Decision['problems'] = []): Decision {
  return { grants: [], problems, usage, source: 'pools', others: [] }
}

function lan(held: number, size = 20n): PoolUsage {
  return { pool: 'lan', family: 'ipv4', size, held }
}

function started(): { readonly events: PoolEvents; readonly take: () => readonly PoolNews[] } {
  const told: PoolNews[] = []
  return { events: new PoolEvents((news) => told.push(news)), take: () => told.splice(0) }
}

/** Returns the notes of each decision, in which a pool of `size` has so many addresses in use. */
function notesOf(counts: readonly number[], size = 20n): readonly (readonly string[])[] {
  const { events, take } = started()
  return counts.map((held) => {
    events.decided(decision([lan(held, size)]), NEARLY_FULL)
    return take().map(({ note }) => note)
  })
}

test('a pool is told when it is nearly full and when it is full, each once', () => {
  const nearly = '16 of 20 IPv4 addresses are in use; add some before none is left'
  const full =
    'No address is left: all 20 IPv4 addresses are in use; add some, or give back some that are not needed'
  expect(notesOf([15, 16, 17, 19, 20, 20])).toEqual([[], [nearly], [], [], [full], []])
})

test('what comes and goes at a mark is not told again; what goes well below it is', () => {
  const told = (counts: readonly number[]) => notesOf(counts).map((notes) => notes.length)
  expect(told([16, 15, 16, 15, 16])).toEqual([1, 0, 0, 0, 0])
  expect(told([16, 14, 16])).toEqual([1, 0, 1])
  expect(told([20, 19, 20])).toEqual([1, 0, 0])
  expect(told([20, 18, 20])).toEqual([1, 0, 1])
})

test('a pool of a /64 is measured in whole numbers', () => {
  const size = 1n << 64n
  expect(notesOf([1_000_000], size)).toEqual([[]])
})

test('a pool that goes and comes again full is told again', () => {
  const { events, take } = started()
  events.decided(decision([lan(20)]), NEARLY_FULL)
  events.decided(decision([]), NEARLY_FULL)
  take()
  events.decided(decision([lan(20)]), NEARLY_FULL)
  expect(take()).toMatchObject([{ pool: 'lan', reason: 'PoolNearlyFull' }])
})

test('what is wrong with a pool is told once until it is gone, and its usage is no such thing', () => {
  const { events, take } = started()
  const problems: Decision['problems'] = [
    { object: 'IPAddressPool/lan', message: 'It overlaps with another' },
    { object: 'IPAddressPool/lan', message: '17 of 20 addresses are in use', isUsage: true },
    { object: 'Service/shop/web', message: 'The Service keeps what it has' },
    { object: 'ConfigMap/metallb-system/config', message: 'remove it' },
  ]
  const overlap: PoolNews = {
    ...{ pool: 'lan', namespace: undefined, reason: 'PoolInvalid' },
    note: 'It overlaps with another',
  }
  events.decided(decision([], problems), NEARLY_FULL)
  events.decided(decision([], problems), NEARLY_FULL)
  expect(take()).toEqual([overlap])
  events.decided(decision([]), NEARLY_FULL)
  events.decided(decision([], problems), NEARLY_FULL)
  expect(take()).toEqual([overlap])
})

test('what cannot be read of a pool is told, of other objects not', () => {
  const { events, take } = started()
  const problem: Problem = {
    ...{ source: 'API server', kind: 'IPAddressPool', name: 'metallb-system/lan' },
    ...{ severity: 'error', path: 'spec.addresses[0]', found: '"x"' },
    ...{ expected: 'a range', effect: '' },
  }
  events.read('IPAddressPool metallb-system/lan', [problem])
  events.read('Service shop/web', [problem])
  events.decided(decision([]), NEARLY_FULL)
  expect(take()).toMatchObject([
    { pool: 'lan', namespace: 'metallb-system', reason: 'PoolInvalid' },
  ])
  // Another pool of this name is as it should be.
  events.read('IPAddressPool other/lan', [])
  events.decided(decision([]), NEARLY_FULL)
  expect(take()).toEqual([])
  events.read('IPAddressPool metallb-system/lan', [])
  events.read('IPAddressPool metallb-system/lan', [problem])
  events.decided(decision([]), NEARLY_FULL)
  expect(take()).toEqual([])
})
