import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { announce } from '../../src/announce/announce.ts'
import { eligible } from '../../src/announce/eligible.ts'
import { printLeftOut } from '../../src/announce/left-out.ts'
import type { Member } from '../../src/announce/member.ts'
import type { AnnounceObjects } from '../../src/announce/objects.ts'
import { hashOrders } from '../../src/announce/order.ts'
import { printSilence } from '../../src/announce/silence.ts'
import { printFirst, whyFirst } from '../../src/announce/why-first.ts'
import { leftOutOf } from '../../src/announce/why-not.ts'
import { everybody, here, member } from './objects.ts'
import { names, worlds } from './random-worlds.ts'

function ownersSeenBy(self: string, world: AnnounceObjects, all: readonly Member[], away = '') {
  const eligibility = eligible(world, { ...everybody, away: new Set([away]) })
  const own = all.find((each) => each.node === self) ?? member(self)
  const others = all.filter((each) => each.node !== self)
  const { state, settled } = own
  const found = announce(eligibility, here(self, { state, settled }), others, hashOrders())
  return new Map(found.map(({ address, owner }) => [address, owner]))
}

const members = fc
  .tuple(
    ...names.map((name) =>
      fc.record({
        node: fc.constant(name),
        state: fc.constantFrom(
          'live' as const,
          'live' as const,
          'leaving' as const,
          'stale' as const,
        ),
        settled: fc.boolean(),
      }),
    ),
  )
  .map((all) => all.map(({ node, ...rest }) => member(node, rest)))

describe('whatever the objects are,', () => {
  test('all nodes that hear each other agree on the owner', () => {
    fc.assert(
      fc.property(worlds(4), members, (world, all) => {
        const [first, ...others] = names.map((name) => ownersSeenBy(name, world, all))
        for (const other of others) expect(other).toEqual(first)
      }),
      { numRuns: 80 },
    )
  })

  test('their order has no meaning', () => {
    fc.assert(
      fc.property(worlds(4), (world) => {
        const turned = {
          services: world.services.toReversed(),
          endpoints: world.endpoints.toReversed(),
          nodes: world.nodes.toReversed(),
          pools: world.pools.toReversed(),
          advertisements: world.advertisements.toReversed(),
        }
        const all = names.map((name) => member(name))
        expect(ownersSeenBy('n1', turned, all)).toEqual(ownersSeenBy('n1', world, all))
        const silent = (of: AnnounceObjects) =>
          eligible(of, everybody).silences.map((each) => [each.service, printSilence(each.reason)])
        expect(silent(turned)).toEqual(silent(world))
      }),
      { numRuns: 100 },
    )
  })

  test('without a Node only its own addresses move', () => {
    fc.assert(
      fc.property(worlds(1), fc.constantFrom(...names), (world, away) => {
        const all = names.map((name) => member(name))
        const [before, after] = ['', away].map((each) => ownersSeenBy('n1', world, all, each))
        for (const [address, owner] of before ?? []) {
          if (owner !== away) expect(after?.get(address)).toBe(owner)
          else expect(after?.get(address)).not.toBe(away)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('each Node is a candidate or left out, and each address is announced or explained', () => {
    fc.assert(
      fc.property(worlds(4), (world) => {
        const { addresses, silences } = eligible(world, everybody)
        for (const each of addresses) {
          const out = leftOutOf(each).map(({ node }) => node)
          expect([...each.candidates.keys(), ...out].toSorted()).toEqual(names)
        }
        const told = new Set([
          ...addresses.map(({ address }) => address),
          ...silences.flatMap((each) => each.addresses),
        ])
        expect(told).toEqual(new Set(world.services.flatMap((each) => each.addresses)))
      }),
      { numRuns: 300 },
    )
  })

  test('each reason is one plain sentence', () => {
    fc.assert(
      fc.property(worlds(4), (world) => {
        const { addresses, silences } = eligible(world, everybody)
        const sentences = [
          ...silences.map(({ reason }) => printSilence(reason)),
          ...addresses.flatMap((each) => leftOutOf(each).map(({ reason }) => printLeftOut(reason))),
          ...addresses.flatMap((each) => {
            const why = whyFirst(each)
            return why === undefined ? [] : [printFirst('n1', why)]
          }),
        ]
        for (const sentence of sentences) expect(sentence).toMatch(/^[A-Zn][^\n]{10,400}[^.]$/)
      }),
      { numRuns: 100 },
    )
  })
})
