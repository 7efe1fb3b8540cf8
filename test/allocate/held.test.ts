import { describe, expect, test } from 'vitest'
import { allocate } from '../../src/allocate/allocate.ts'
import type { Claimant, Pool, World } from '../../src/allocate/world.ts'
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

const ten = pool('ten', '192.0.2.10-192.0.2.12')

function webWith(other: Partial<Claimant>, pools: readonly Pool[], more?: Partial<World>): string {
  const allocation = allocate(world(pools, [service('web', other)], more))
  return `${addressesOf(allocation)['web']}: ${reasonOf(allocation, 'web')}`
}

describe('an address in use stays', () => {
  const given = { held: held('192.0.2.12', 'ten') }

  test('while its pool has it, whatever comes first in the pool', () => {
    expect(webWith(given, [ten])).toBe('192.0.2.12: The Service keeps what it has')
  })

  test('when its pool is renamed', () => {
    const allocation = allocate(world([{ ...ten, name: 'new' }], [service('web', given)]))
    expect(allocation.grants[0]?.addresses).toEqual([{ address: '192.0.2.12', pool: 'new' }])
  })

  test('when another pool has a better priority, or its own gives no longer by itself', () => {
    const audience = { priority: 1, namespaces: undefined, services: [] }
    const first = pool('first', '192.0.2.1-192.0.2.9', { audience })
    expect(webWith(given, [first, { ...ten, automatic: false }])).toMatch(/^192\.0\.2\.12: /)
  })

  test.each<{ what: string; pools: readonly Pool[]; says: string }>([
    {
      what: 'its pool is deleted',
      pools: [pool('other', '198.51.100.1')],
      says: 'IPAddressPool ten, which gave it, no longer exists',
    },
    {
      what: 'its pool shrinks',
      pools: [pool('ten', '192.0.2.10')],
      says: 'IPAddressPool ten, which gave it, no longer has it',
    },
    {
      what: 'its pool is closed to its namespace',
      pools: [{ ...ten, audience: { priority: 0, namespaces: new Set(['other']), services: [] } }],
      says: 'IPAddressPool ten is no longer open to it (serviceAllocation)',
    },
  ])('when $what, and that is told', ({ pools, says }) => {
    expect(webWith(given, pools)).toBe(
      `192.0.2.12: The Service keeps 192.0.2.12, although ${says}; change the pool back, or give the Service another address with nodelb.io/renew`,
    )
    const allocation = allocate(world(pools, [service('web', given)]))
    expect(messagesOf(allocation)).toContainEqual(expect.stringContaining(says))
    expect(messagesOf(allocation)[0]).toMatch(/^Service\/shop\/web: /)
  })

  test('when its pool begins to avoid it', () => {
    const ends = pool('ends', '192.0.2.255-192.0.3.1', { avoidsEnds: true })
    expect(webWith({ held: held('192.0.3.0', 'ends') }, [ends])).toContain(
      'IPAddressPool ends no longer gives addresses that end in .0 or .255 (avoidBuggyIPs)',
    )
  })

  test('when there are no pools any more', () => {
    expect(webWith(given, [])).toContain('no longer exists')
  })

  test('unless the configuration says that it moves', () => {
    const changed = pool('ten', '192.0.2.20')
    expect(webWith(given, [changed], { onPoolChange: 'move' })).toMatch(/^192\.0\.2\.20: /)
  })
})

describe('what is in a status without a mark', () => {
  test('is accepted if an open pool has it', () => {
    expect(webWith({ held: held('192.0.2.11') }, [ten])).toMatch(/^192\.0\.2\.11: /)
  })

  test('is replaced if no pool has it', () => {
    expect(webWith({ held: held('198.51.100.1') }, [ten])).toMatch(/^192\.0\.2\.10: /)
  })

  test('is left alone where there are no pools', () => {
    expect(webWith({ held: held('198.51.100.1') }, [])).toBe(
      '198.51.100.1: Another program wrote this status, and there is nothing to put in its place: There is no IPAddressPool; create one',
    )
  })

  test('is taken out if the pool that has it is closed to the Service', () => {
    const closed = { ...ten, audience: { priority: 0, namespaces: new Set(['x']), services: [] } }
    expect(webWith({ held: held('192.0.2.11') }, [closed])).toMatch(/^: No IPAddressPool/)
  })

  test('takes nothing from a Service that was given the address', () => {
    const older = { created: '2025-01-01T00:00:00Z', held: held('192.0.2.12') }
    const allocation = allocate(
      world([ten], [service('forged', older), service('web', { held: held('192.0.2.12', 'ten') })]),
    )
    expect(addressesOf(allocation)).toEqual({ forged: '192.0.2.10', web: '192.0.2.12' })
  })
})

describe('several holders of one address', () => {
  const both = held('192.0.2.11', 'ten')
  const old = { created: '2025-01-01T00:00:00Z', held: both }

  test('without a key, the oldest keeps it, and the others get another one', () => {
    const allocation = allocate(
      world([ten], [service('a', { held: both }), service('b', { ...old, held: both })]),
    )
    expect(addressesOf(allocation)).toEqual({ a: '192.0.2.10', b: '192.0.2.11' })
    expect(messagesOf(allocation)).toContainEqual(
      'Service/shop/a: 192.0.2.11 is taken out of its status: Service shop/b has it, too, and does not share it with this one; ask for another address, or give both the same metallb.io/allow-shared-ip',
    )
  })

  test('the key that most of them have counts more than age', () => {
    const claimants = [
      service('a', old),
      service('b', { held: both, sharing: sharing('k', 1) }),
      service('c', { held: both, sharing: sharing('k', 2) }),
    ]
    expect(addressesOf(allocate(world([ten], claimants)))).toEqual({
      a: '192.0.2.10',
      b: '192.0.2.11',
      c: '192.0.2.11',
    })
  })

  test('of two with one port the younger one leaves', () => {
    const claimants = [
      service('a', { held: both, sharing: sharing('k', 443) }),
      service('b', { ...old, sharing: sharing('k', 443) }),
    ]
    const allocation = allocate(world([ten], claimants))
    expect(addressesOf(allocation)).toEqual({ a: '192.0.2.10', b: '192.0.2.11' })
    expect(messagesOf(allocation).join()).toContain('both use TCP port 443')
  })

  test('with different pods they all stay, and it is told', () => {
    const claimants = [
      service('a', { held: both, sharing: sharing('k', 1, 'app=a') }),
      service('b', { ...old, sharing: sharing('k', 2) }),
    ]
    const allocation = allocate(world([ten], claimants))
    expect(addressesOf(allocation)).toEqual({ a: '192.0.2.11', b: '192.0.2.11' })
    expect(messagesOf(allocation)).toContainEqual(
      expect.stringMatching(
        /^Service\/shop\/a: The Service shares 192\.0\.2\.11 with Service shop\/b, which has different pods/,
      ),
    )
  })
})

describe('families', () => {
  const dual = pool('dual', '192.0.2.1-192.0.2.9 2001:db8::1-2001:db8::9')
  const has4 = held('192.0.2.5', 'dual')

  test('that are no longer wanted are dropped, one of each is kept', () => {
    const status = held('2001:db8::5 192.0.2.5 192.0.2.6', 'dual')
    expect(webWith({ held: status }, [dual])).toMatch(/^192\.0\.2\.5: /)
  })

  test.each(['preferred', 'required'] as const)('a second one that is %s is added', (wanted) => {
    const claimant = { families: ['ipv4', 'ipv6'] as const, dual: wanted, held: has4 }
    expect(webWith(claimant, [dual])).toBe(
      '192.0.2.5 2001:db8::1: IPAddressPool dual adds 2001:db8::1, because the Service wants both families',
    )
  })

  test('a second one comes from the pool of the first, or not at all', () => {
    const claimant = { families: ['ipv4', 'ipv6'] as const, dual: 'required' as const }
    const six = pool('six', '2001:db8::1-2001:db8::9')
    expect(webWith({ ...claimant, held: held('192.0.2.10', 'ten') }, [six, ten])).toBe(
      '192.0.2.10: The Service has no IPv6 address beside the one it has: IPAddressPool ten has no IPv6 addresses; add some to it',
    )
  })

  test('a second one comes from the pool that the Service names, if that can be', () => {
    const claimant = { families: ['ipv4', 'ipv6'] as const, dual: 'preferred' as const }
    const wish = { kind: 'pool', pool: 'six' } as const
    const six = pool('six', '2001:db8:6::1')
    expect(webWith({ ...claimant, wish, held: has4 }, [dual, six])).toMatch(
      /^192\.0\.2\.5 2001:db8:6::1: /,
    )
  })

  test('are written with IPv4 first', () => {
    const claimant = { families: ['ipv6', 'ipv4'] as const, dual: 'required' as const }
    expect(webWith(claimant, [dual])).toMatch(/^192\.0\.2\.1 2001:db8::1: /)
  })
})

test('a Service that is being deleted keeps what it has and gets nothing new', () => {
  expect(webWith({ leaving: true }, [ten])).toBe(
    ': The Service is being deleted and gets nothing new',
  )
  const moving = { leaving: true, held: held('192.0.2.12', 'ten'), wish: asking('192.0.2.10') }
  expect(webWith(moving, [ten])).toMatch(/^192\.0\.2\.12: /)
})

test('a Service that renews is served as if it had nothing', () => {
  const claimant = { renewing: true, held: held('192.0.2.12', 'ten') }
  expect(webWith(claimant, [ten])).toBe('192.0.2.10: IPAddressPool ten gives it')
})
