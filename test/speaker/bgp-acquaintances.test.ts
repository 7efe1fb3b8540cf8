import { expect, test } from 'vitest'
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

function session(vrf: string, state: string) {
  return { vrf, peer: '10.0.0.254', state }
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
