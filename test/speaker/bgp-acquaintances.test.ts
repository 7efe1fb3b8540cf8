import { describe, expect, test } from 'vitest'
import type { BfdSession } from '../../src/apply/bgp/bfd.ts'
import type { Tree } from '../../src/ruleset/bgp/tree.ts'
import { Acquaintances } from '../../src/speaker/bgp/acquaintances.ts'

const begin = ['neighbor 10.0.0.254 remote-as 65000', 'neighbor 10.0.0.253 remote-as 65000']
const bfd = ['neighbor 10.0.0.254 bfd', 'neighbor 10.0.0.254 bfd profile fast']

function routers(plain: readonly string[], red: readonly string[]): Tree {
  return new Map([
    ['router bgp 64501', new Set(plain)],
    ['router bgp 64501 vrf red', new Set(red)],
    ['bfd | profile fast', new Set(['transmit-interval 100'])],
  ])
}

/** A session, with BFD that is `status`. */
function session(vrf: string, state: string, status?: string) {
  const bfd = status === undefined ? undefined : ({ status } as BfdSession)
  return { vrf, peer: '10.0.0.254', state, bfd }
}

test('BFD begins with the first session of a neighbour, and stays when that ends', () => {
  const known = new Acquaintances()
  const wanted = routers([...begin, ...bfd], [...begin, ...bfd])
  expect(known.without(wanted, 0)).toEqual(routers(begin, begin))
  expect(known.see([session('', 'Active'), session('red', 'Idle')], 1_000)).toBe(false)
  expect(known.areMissing(wanted)).toBe(true)
  expect(known.see([session('', 'Established')], 1_000)).toBe(true)
  expect(known.without(wanted, 0)).toEqual(routers([...begin, ...bfd], begin))
  expect(known.see([session('', 'Active'), session('red', 'Established')], 1_000)).toBe(true)
  expect(known.areMissing(wanted)).toBe(false)
  expect(known.without(wanted, 0)).toEqual(wanted)
  expect(known.see([session('', 'Established')], 1_000)).toBe(false)
  known.forget()
  expect(known.without(wanted, 0)).toEqual(routers(begin, begin))
})

test('a neighbour that takes no session without BFD gets it after a while', () => {
  const known = new Acquaintances()
  const wanted = routers([...begin, ...bfd], begin)
  expect(known.without(wanted, 1_000)).toEqual(routers(begin, begin))
  expect(known.see([session('', 'Active')], 2_999)).toBe(false)
  expect(known.without(wanted, 2_999)).toEqual(routers(begin, begin))
  expect(known.see([session('', 'Active')], 3_000)).toBe(true)
  expect(known.without(wanted, 3_000)).toEqual(wanted)
})

describe('with a neighbour that has had a session, and begins none while BFD is down', () => {
  const wanted = routers([...begin, ...bfd], begin)
  const waits = [session('', 'Idle', 'down')]

  /** Those who have met, at 0. */
  function acquainted(): Acquaintances {
    const known = new Acquaintances()
    known.see([session('', 'Established')], 0)
    return known
  }

  test('BFD goes after five seconds, and is back with the session', () => {
    const known = acquainted()
    expect(known.see(waits, 1_000)).toBe(false)
    expect(known.see(waits, 5_999)).toBe(false)
    expect(known.without(wanted, 5_999)).toEqual(wanted)
    expect(known.see(waits, 6_000)).toBe(true)
    // To look again changes nothing before FRR was told.
    expect(known.see(waits, 6_000)).toBe(false)
    const halted = routers([...begin, 'neighbor 10.0.0.254 shutdown'], begin)
    expect(known.without(wanted, 6_000)).toEqual(halted)
    expect(known.see([session('', 'Idle (Admin)')], 6_100)).toBe(true)
    expect(known.without(wanted, 6_100)).toEqual(routers(begin, begin))
    expect(known.see([session('', 'Established')], 7_000)).toBe(true)
    expect(known.without(wanted, 7_000)).toEqual(wanted)
  })

  test('BFD is back without a session as well, because the neighbour may wait for it', () => {
    const known = acquainted()
    known.see(waits, 1_000)
    known.see(waits, 6_000)
    known.without(wanted, 6_000)
    known.see([session('', 'Active')], 6_100)
    expect(known.see([session('', 'Active')], 8_000)).toBe(true)
    expect(known.without(wanted, 8_000)).toEqual(wanted)
  })

  test('it is tried again after a minute where that has brought no session, and sooner after one', () => {
    const known = acquainted()
    known.see(waits, 1_000)
    expect(known.see(waits, 6_000)).toBe(true)
    known.without(wanted, 6_000)
    known.see([session('', 'Active')], 6_100)
    known.see([session('', 'Active')], 8_100)
    known.see(waits, 10_000)
    expect(known.see(waits, 69_999)).toBe(false)
    expect(known.see(waits, 70_000)).toBe(true)
    known.without(wanted, 70_000)
    known.see([session('', 'Established')], 71_000)
    known.see(waits, 80_000)
    expect(known.see(waits, 84_999)).toBe(false)
    expect(known.see(waits, 85_000)).toBe(true)
  })

  test.each([
    ['it tries', session('', 'Active', 'down')],
    ['BFD is up', session('', 'Idle', 'up')],
    ['it has no BFD', session('', 'Idle')],
    ['an operator has shut it down', session('', 'Idle (Admin)', 'down')],
  ])('BFD stays where %s, and the time begins anew', (_, otherwise) => {
    const known = acquainted()
    known.see(waits, 1_000)
    expect(known.see([otherwise], 6_000)).toBe(false)
    expect(known.see(waits, 7_000)).toBe(false)
    expect(known.see(waits, 11_999)).toBe(false)
    expect(known.without(wanted, 11_999)).toEqual(wanted)
    expect(known.see(waits, 12_000)).toBe(true)
  })

  test('a neighbour that is removed meanwhile waits for nothing, and begins as it did when it is back', () => {
    const known = acquainted()
    known.see(waits, 1_000)
    expect(known.see([], 6_000)).toBe(false)
    expect(known.without(wanted, 6_000)).toEqual(wanted)
    known.see(waits, 7_000)
    expect(known.see(waits, 11_999)).toBe(false)
    expect(known.see(waits, 12_000)).toBe(true)
  })

  test('nothing of it is left with another FRR', () => {
    const known = acquainted()
    known.see(waits, 1_000)
    known.see(waits, 6_000)
    known.forget()
    expect(known.without(wanted, 6_000)).toEqual(routers(begin, begin))
  })
})
