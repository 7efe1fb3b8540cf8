import { describe, expect, test } from 'vitest'
import { allocate } from '../../src/allocate/allocate.ts'
import type { Claimant, Pool, Reservation, World } from '../../src/allocate/world.ts'
import type { Address } from '../../src/model/address.ts'
import {
  addressesOf,
  asking,
  held,
  messagesOf,
  pool,
  reasonOf,
  service,
  sharing,
  world,
} from './worlds.ts'

const a = pool('a', '192.0.2.1-192.0.2.3')
const b = pool('b', '192.0.2.11-192.0.2.12')
const dual = pool('d', '192.0.2.21-192.0.2.22 2001:db8::1-2001:db8::2')
const byHand = pool('by-hand', '192.0.2.31', { automatic: false })
const namespaces = new Set(['other'])
const closed = pool('closed', '192.0.2.41', {
  audience: { priority: 0, namespaces, services: [] },
})
const ends = pool('ends', '192.0.2.50-192.0.2.255', { avoidsEnds: true, automatic: false })
const all = [a, b, dual, byHand, closed, ends]

function webWith(
  other: Partial<Claimant>,
  more: Partial<World> & { readonly others?: readonly Claimant[] } = {},
): string {
  const { others = [], pools = all, ...rest } = more
  const allocation = allocate(world(pools, [service('web', other), ...others], rest))
  return `${addressesOf(allocation)['web']}: ${reasonOf(allocation, 'web')}`
}

describe('a Service that asks for an address', () => {
  test('gets it, also from a pool that gives nothing by itself', () => {
    expect(webWith({ wish: asking('192.0.2.3') })).toBe(
      '192.0.2.3: The Service has what it asks for',
    )
    expect(webWith({ wish: asking('192.0.2.31') })).toMatch(/^192\.0\.2\.31: /)
  })

  test('moves to it from the one that it has', () => {
    const status = held('192.0.2.1', 'a')
    expect(webWith({ wish: asking('192.0.2.3'), held: status })).toMatch(/^192\.0\.2\.3: /)
  })

  test('keeps the old one if the new one cannot be had, and that is a problem', () => {
    const claimant = { wish: asking('192.0.2.3'), held: held('192.0.2.1', 'a') }
    const other = service('other', { held: held('192.0.2.3', 'a') })
    const says =
      'The Service keeps what it has, because its wish cannot be met: Service shop/other has 192.0.2.3, and does not share it with this one; ask for another address, or give both the same metallb.io/allow-shared-ip'
    expect(webWith(claimant, { others: [other] })).toBe(`192.0.2.1: ${says}`)
    expect(messagesOf(allocate(world(all, [service('web', claimant), other])))).toEqual([
      `Service/shop/web: ${says}`,
    ])
  })

  test('may join Services of its key, and is told which port is in the way', () => {
    const other = service('other', { held: held('192.0.2.3', 'a'), sharing: sharing('k', 443) })
    const claimant = { wish: asking('192.0.2.3'), sharing: sharing('k', 80) }
    expect(webWith(claimant, { others: [other] })).toMatch(/^192\.0\.2\.3: /)
    expect(webWith({ ...claimant, sharing: sharing('k', 443) }, { others: [other] })).toBe(
      ': Service shop/other has 192.0.2.3, and both use TCP port 443; choose another port or another address',
    )
    expect(
      webWith({ ...claimant, sharing: sharing('k', 80, 'app=web') }, { others: [other] }),
    ).toBe(
      ': Service shop/other has 192.0.2.3, and the two have different pods; Services share an address if both have externalTrafficPolicy Cluster, or Local and the same selector',
    )
  })

  test.each<[string, Claimant['wish'], string]>([
    [
      'no pool has it',
      asking('198.51.100.1'),
      'No IPAddressPool has 198.51.100.1; add it to one, or ask for another address',
    ],
    [
      'its pool is closed',
      asking('192.0.2.41'),
      "IPAddressPool closed is closed to the Service's namespace (serviceAllocation); add the namespace there, or name another pool",
    ],
    [
      'its pool avoids it',
      asking('192.0.2.255'),
      'IPAddressPool ends does not give 192.0.2.255, because it ends in .0 or .255 (avoidBuggyIPs); ask for another address',
    ],
    [
      'a Node has it',
      asking('192.0.2.2'),
      '192.0.2.2 is an address of Node node-a; ask for another address',
    ],
    [
      'a pool is named that does not have it',
      asking('192.0.2.1', 'b'),
      'The Service names IPAddressPool b, but 192.0.2.1, for which it asks as well, is in a; change one of the two',
    ],
    [
      'a pool is named that is not there',
      asking('192.0.2.1', 'x'),
      'IPAddressPool x does not exist; create it, or name another one',
    ],
    [
      'it is of the other family',
      asking('2001:db8::1'),
      'The Service asks for 2001:db8::1; it has to ask for one IPv4 address, as its ipFamilies say',
    ],
    [
      'nobody can read it',
      { kind: 'unreadable', text: '192.0.2', why: 'it is no address' },
      'The Service asks for "192.0.2", which cannot be read (it is no address)',
    ],
  ])('is told if %s', (_, wish, says) => {
    const reserved = new Map<Address, Reservation>([
      ['192.0.2.2' as Address, { kind: 'node', node: 'node-a' }],
    ])
    expect(webWith({ wish }, { reserved })).toBe(`: ${says}`)
    expect(webWith({ wish, held: held('192.0.2.12', 'b') }, { reserved })).toBe(
      `192.0.2.12: The Service keeps what it has, because its wish cannot be met: ${says}`,
    )
  })

  test('is told if the two are of different pools', () => {
    const claimant = { families: ['ipv4', 'ipv6'] as const, dual: 'required' as const }
    expect(webWith({ ...claimant, wish: asking('192.0.2.1 2001:db8::1') })).toBe(
      ': 192.0.2.1 and 2001:db8::1 are in different IPAddressPools (a and d); ask for addresses of one pool',
    )
  })

  test('needs one of each family, unless it only prefers both: then the second is added', () => {
    const families = ['ipv4', 'ipv6'] as const
    const wish = asking('192.0.2.22')
    expect(webWith({ families, dual: 'required', wish })).toMatch(/^: The Service asks for/)
    expect(webWith({ families, dual: 'preferred', wish })).toMatch(/^192\.0\.2\.22 2001:db8::1: /)
  })
})

describe('a Service that names a pool', () => {
  const wish = { kind: 'pool', pool: 'b' } as const

  test('gets the first free address of it', () => {
    expect(webWith({ wish })).toBe(
      '192.0.2.11: IPAddressPool b, for which the Service asks, gives it',
    )
  })

  test('moves there, and stays once it is there', () => {
    expect(webWith({ wish, held: held('192.0.2.1', 'a') })).toMatch(/^192\.0\.2\.11: /)
    expect(webWith({ wish, held: held('192.0.2.12', 'b') })).toMatch(/^192\.0\.2\.12: /)
  })

  test('keeps what it has if the pool is full', () => {
    const others = ['192.0.2.11', '192.0.2.12'].map((address) =>
      service(`s${address}`, { held: held(address, 'b') }),
    )
    expect(webWith({ wish, held: held('192.0.2.1', 'a') }, { others })).toBe(
      '192.0.2.1: The Service keeps what it has, because its wish cannot be met: IPAddressPool b has no IPv4 address left; add addresses to it, or give back some that nobody needs',
    )
  })

  test('waits if the pool is not there, and gets nothing else', () => {
    expect(webWith({ wish: { kind: 'pool', pool: 'x' } })).toMatch(/^: IPAddressPool x does not/)
  })

  test('may name one with the families that it has, and keeps the other family', () => {
    const status = held('192.0.2.21 2001:db8::1', 'd')
    const families = ['ipv4', 'ipv6'] as const
    expect(webWith({ families, dual: 'required', wish, held: status })).toMatch(/^192\.0\.2\.21 /)
    expect(webWith({ families, dual: 'preferred', wish, held: status })).toBe(
      '192.0.2.11 2001:db8::1: The Service keeps what it has, because its wish cannot be met: IPAddressPool b has no IPv6 addresses; add some to it',
    )
  })
})

describe('who goes first', () => {
  const one = pool('one', '192.0.2.1')
  const old = { created: '2025-01-01T00:00:00Z' }

  test.each<[string, Claimant, Claimant]>([
    [
      'who has the address',
      service('x', { held: held('192.0.2.1', 'one') }),
      service('y', { ...old, wish: asking('192.0.2.1') }),
    ],
    [
      'then who asks for it',
      service('x', { wish: asking('192.0.2.1') }),
      service('y', { ...old, wish: { kind: 'pool', pool: 'one' } }),
    ],
    [
      'then who names its pool',
      service('x', { wish: { kind: 'pool', pool: 'one' } }),
      service('y', old),
    ],
    ['then the older one', service('x', old), service('a')],
    ['then the smaller name', service('x'), service('y')],
    ['and who has no age last', service('x'), service('a', { created: '' })],
  ])('%s', (_, first, second) => {
    const { grants } = allocate(world([one], [second, first]))
    expect(grants.filter(({ addresses }) => addresses.length > 0).map(({ name }) => name)).toEqual([
      first.name,
    ])
  })

  test('who moves makes room for the oldest one that waits, not for the next in turn', () => {
    const claimants = [
      service('oldest', { ...old, wish: asking('192.0.2.1') }),
      service('moves', { held: held('192.0.2.1', 'a'), wish: asking('192.0.2.2') }),
      service('youngest', { created: '', wish: asking('192.0.2.1') }),
    ]
    expect(addressesOf(allocate(world([a], claimants)))).toEqual({
      moves: '192.0.2.2',
      oldest: '192.0.2.1',
      youngest: '',
    })
  })

  test('who moves makes room for its port, too', () => {
    const named = (pool: string) => ({ kind: 'pool', pool }) as const
    const has = held('192.0.2.1', 'one')
    const claimants = [
      service('stays', { held: has, sharing: sharing('k', 80) }),
      service('moves', { held: has, sharing: sharing('k', 443), wish: named('b') }),
      service('waits', { ...old, sharing: sharing('k', 443), wish: named('one') }),
    ]
    expect(addressesOf(allocate(world([one, b], claimants)))).toEqual({
      moves: '192.0.2.11',
      stays: '192.0.2.1',
      waits: '192.0.2.1',
    })
  })

  test('two that want to change places keep what they have', () => {
    const claimants = [
      service('x', { held: held('192.0.2.1', 'a'), wish: asking('192.0.2.2') }),
      service('y', { held: held('192.0.2.2', 'a'), wish: asking('192.0.2.1') }),
    ]
    expect(addressesOf(allocate(world([a], claimants)))).toEqual({ x: '192.0.2.1', y: '192.0.2.2' })
  })
})

test('a Service that waits is told of each pool why it gives nothing', () => {
  const pools: readonly Pool[] = [
    closed,
    byHand,
    pool('full', '192.0.2.1'),
    pool('six', '2001:db8::1'),
  ]
  const others = [service('other', { held: held('192.0.2.1', 'full') })]
  expect(webWith({}, { pools, others })).toBe(
    ": No IPAddressPool gives the Service an address: by-hand gives only to who asks for it (autoAssign: false), full has no IPv4 address left, six has no IPv4 addresses, closed is closed to the Service's namespace (serviceAllocation); add addresses to one, or open one to the Service",
  )
})
