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
  expect(known.without(wanted)).toEqual(routers(begin, begin))
  expect(known.see([session('', 'Active'), session('red', 'Idle')])).toBe(false)
  expect(known.areMissing(wanted)).toBe(true)
  expect(known.see([session('', 'Established')])).toBe(true)
  expect(known.without(wanted)).toEqual(routers([...begin, ...bfd], begin))
  expect(known.see([session('', 'Active'), session('red', 'Established')])).toBe(true)
  expect(known.areMissing(wanted)).toBe(false)
  expect(known.without(wanted)).toEqual(wanted)
  expect(known.see([session('', 'Established')])).toBe(false)
  known.forget()
  expect(known.without(wanted)).toEqual(routers(begin, begin))
})
