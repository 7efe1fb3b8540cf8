import { describe, expect, test } from 'vitest'
import { allocate } from '../../src/allocate/allocate.ts'
import { reasonWord } from '../../src/allocate/reason.ts'
import type { Claimant, Pool, Reservation, World } from '../../src/allocate/world.ts'
import type { Address } from '../../src/model/address.ts'
import { compareText } from '../../src/model/compare-text.ts'
import type { LabelSelector } from '../../src/model/label-selector.ts'
import {
  addressesOf,
  held,
  messagesOf,
  pool,
  reasonOf,
  selecting,
  service,
  sharing,
  world,
} from './worlds.ts'

/** The address of one Service that asks for nothing. */
function given(pools: readonly Pool[], other: Partial<Claimant> = {}): string | undefined {
  return addressesOf(allocate(world(pools, [service('web', other)])))['web']
}

const audience = { priority: 0, namespaces: undefined, services: [] }

describe('of several pools', () => {
  const plain = pool('a', '192.0.2.1')
  const pinned = (name: string, address: string, priority: number): Pool =>
    pool(name, address, { audience: { ...audience, priority } })

  test('one with a serviceAllocation goes before one without', () => {
    expect(given([plain, pinned('z', '192.0.2.9', 0)])).toBe('192.0.2.9')
  })

  test('the lower priority goes first, 0 last, and then the name', () => {
    const pools = [pinned('a', '192.0.2.2', 0), pinned('b', '192.0.2.3', 2)]
    expect(given(pools)).toBe('192.0.2.3')
    expect(given([...pools, pinned('c', '192.0.2.4', 1)])).toBe('192.0.2.4')
    expect(given([...pools, pinned('bb', '192.0.2.5', 2)])).toBe('192.0.2.3')
  })

  test('those that are closed to the namespace or the labels are left out', () => {
    const other = pool('o', '192.0.2.5', { audience: { ...audience, namespaces: new Set(['x']) } })
    const nobody = pool('n', '192.0.2.6', { audience: { ...audience, namespaces: new Set() } })
    const front = pool('f', '192.0.2.7', {
      audience: { ...audience, services: [selecting('tier', 'front')] },
    })
    expect(given([other, nobody, front, plain])).toBe('192.0.2.1')
    const labels = new Map([['tier', 'front']])
    expect(given([other, nobody, front, plain], { labels })).toBe('192.0.2.7')
  })

  test('one gives both families, also where another one goes before it', () => {
    const pools = [
      pool('four', '192.0.2.1', { audience }),
      pool('six', '2001:db8::1', { audience }),
      pool('both', '192.0.2.2 2001:db8::2'),
    ]
    const families = ['ipv6', 'ipv4'] as const
    expect(given(pools, { families, dual: 'required' })).toBe('192.0.2.2 2001:db8::2')
    expect(given(pools, { families, dual: 'preferred' })).toBe('2001:db8::1')
    expect(given(pools.slice(0, 2), { families, dual: 'required' })).toBe('')
  })
})

describe('within a pool', () => {
  test('ranges go in the order listed, and each from its beginning', () => {
    const claimants = ['a', 'b', 'c'].map((name) => service(name))
    const listed = pool('p', '192.0.2.8-192.0.2.9 192.0.2.1')
    expect(addressesOf(allocate(world([listed], claimants)))).toEqual({
      a: '192.0.2.8',
      b: '192.0.2.9',
      c: '192.0.2.1',
    })
  })

  test('addresses that are reserved or avoided are passed over', () => {
    const reserved = new Map<Address, Reservation>([
      ['192.0.3.1' as Address, { kind: 'external-ip', service: 'shop/old' }],
    ])
    const ends = pool('p', '192.0.2.255-192.0.3.2', { avoidsEnds: true })
    const allocation = allocate(world([ends], [service('web')], { reserved }))
    expect(addressesOf(allocation)).toEqual({ web: '192.0.3.2' })
    expect(allocation.usage).toEqual([{ pool: 'p', family: 'ipv4', size: 1n, held: 1 }])
  })

  test('a /64 costs nothing', () => {
    const wide = pool('p', '2001:db8::-2001:db8::ffff:ffff:ffff:ffff')
    const { grants, usage } = allocate(world([wide], [service('web', { families: ['ipv6'] })]))
    expect(grants[0]?.addresses).toEqual([{ address: '2001:db8::', pool: 'p' }])
    expect(usage).toEqual([{ pool: 'p', family: 'ipv6', size: 1n << 64n, held: 1 }])
  })
})

describe('Services of one key', () => {
  const first = pool('a', '192.0.2.1-192.0.2.2')
  const second = pool('b', '192.0.2.11')

  test('come together, although another address is free before', () => {
    const claimants = [
      service('x', { held: held('192.0.2.11', 'b'), sharing: sharing('k', 80) }),
      service('y', { sharing: sharing('k', 443) }),
    ]
    const allocation = allocate(world([first, second], claimants))
    expect(addressesOf(allocation)).toEqual({ x: '192.0.2.11', y: '192.0.2.11' })
    expect(reasonOf(allocation, 'y')).toBe(
      'The Service shares 192.0.2.11 with Service shop/x, because both have the key "k"',
    )
  })

  test.each<[string, Claimant['sharing']]>([
    ['the same port', sharing('k', 80)],
    ['another key', sharing('l', 443)],
    ['other pods', sharing('k', 443, 'app=web')],
  ])('do not with %s', (_, other) => {
    const claimants = [
      service('x', { held: held('192.0.2.11', 'b'), sharing: sharing('k', 80) }),
      service('y', { sharing: other }),
    ]
    expect(addressesOf(allocate(world([first, second], claimants)))['y']).toBe('192.0.2.1')
  })
})

test('of many pools that have no room, five are named and the rest is counted', () => {
  const seven = Array.from({ length: 7 }, (_, at) => at)
  const pools = seven.map((at) => pool(`p${at}`, `192.0.2.${at}`))
  const holders = seven.map((at) => service(`s${at}`, { held: held(`192.0.2.${at}`, `p${at}`) }))
  const allocation = allocate(world(pools, [...holders, service('web')]))
  expect(reasonOf(allocation, 'web')).toContain('p4 has no IPv4 address left, and 2 more')
})

test.each<[string, LabelSelector['requirements'][number], string]>([
  ['In', { key: 'tier', operator: 'in', values: ['edge'] }, 'edge'],
  ['NotIn', { key: 'tier', operator: 'not-in', values: ['edge'] }, 'core none'],
  ['Exists', { key: 'tier', operator: 'exists' }, 'edge core'],
  ['DoesNotExist', { key: 'tier', operator: 'does-not-exist' }, 'none'],
])('a pool with a selector %s is open to the Services that fit', (_, requirement, open) => {
  const services = [{ requirements: [requirement] }]
  const tiers = { edge: [['tier', 'edge']], core: [['tier', 'core']], none: [] } as const
  const claimants = Object.entries(tiers).map(([name, labels]) =>
    service(name, { labels: new Map(labels) }),
  )
  const given = addressesOf(
    allocate(
      world([pool('p', '192.0.2.1-192.0.2.9', { audience: { ...audience, services } })], claimants),
    ),
  )
  expect(Object.keys(tiers).filter((name) => given[name] !== '')).toEqual(open.split(' '))
})

test('texts are in the order of their code units, and equal ones are equal', () => {
  expect(['b', 'a', 'B'].toSorted(compareText)).toEqual(['B', 'a', 'b'])
  expect(compareText('a', 'a')).toBe(0)
})

describe('it is told', () => {
  const ten = pool('p', '192.0.2.1-192.0.2.10')

  function messages(count: number, pools: readonly Pool[], more: Partial<World> = {}): string[] {
    const claimants = Array.from({ length: count }, (_, at) => service(`s${at}`))
    return [...messagesOf(allocate(world(pools, claimants, more)))]
  }

  test.each<[number, readonly string[]]>([
    [7, []],
    [8, ['IPAddressPool/p: 8 of 10 addresses are in use (80 %)']],
    [10, ['IPAddressPool/p: All 10 addresses are in use']],
  ])('how full a pool is, with %i of 10 in use', (count, says) => {
    expect(messages(count, [ten])).toEqual(says)
  })

  test('which family of a pool is full', () => {
    const dual = pool('p', '192.0.2.1 2001:db8::1-2001:db8::ffff')
    expect(messages(1, [dual])).toEqual(['IPAddressPool/p: Its only IPv4 address is in use'])
  })

  test('that an older pool has what two pools list', () => {
    const young = pool('young', '192.0.2.2-192.0.2.20', { created: '2026-03-01T00:00:00Z' })
    expect(messages(0, [young, ten])).toEqual([
      'IPAddressPool/young: It overlaps with IPAddressPool p, which came first and alone gives the common addresses; take them out of one of the two',
    ])
    const { usage } = allocate(world([young, ten], []))
    expect(usage.map(({ pool, size }) => [pool, size])).toEqual([
      ['p', 10n],
      ['young', 10n],
    ])
  })

  test('that a pool has nothing to give', () => {
    expect(messages(0, [pool('p', '192.0.2.0', { avoidsEnds: true })])).toEqual([
      'IPAddressPool/p: It has no addresses to give',
    ])
  })

  test('that a pool contains addresses of Nodes', () => {
    const reserved = new Map<Address, Reservation>([
      ['192.0.2.4' as Address, { kind: 'node', node: 'node-b' }],
      ['192.0.2.3' as Address, { kind: 'node', node: 'node-a' }],
    ])
    expect(messages(0, [ten], { reserved })).toEqual([
      'IPAddressPool/p: It contains 2 addresses of Nodes, among them 192.0.2.3 of Node node-a, and they are not given; take them out of the pool',
    ])
  })

  test('that a Service keeps an address of a Node', () => {
    const reserved = new Map<Address, Reservation>([
      ['192.0.2.4' as Address, { kind: 'other-class', service: 'shop/old' }],
    ])
    const keeper = service('web', { held: held('192.0.2.4', 'p') })
    expect(messagesOf(allocate(world([ten], [keeper], { reserved })))).toEqual([
      'Service/shop/web: The Service keeps 192.0.2.4, which is an address of Service shop/old, which is of another loadBalancerClass; give it another address with nodelb.io/renew',
    ])
  })
})

test('a reason has a word of its own for conditions', () => {
  expect(reasonWord({ kind: 'kept' })).toBe('Kept')
  expect(reasonWord({ kind: 'pool-full', pool: 'p', family: 'ipv4' })).toBe('PoolFull')
})
