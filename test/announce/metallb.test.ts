import fc from 'fast-check'
import { expect, test } from 'vitest'
import { announce } from '../../src/announce/announce.ts'
import { eligible } from '../../src/announce/eligible.ts'
import type { AnnounceObjects } from '../../src/announce/objects.ts'
import { hashOrders } from '../../src/announce/order.ts'
import { metallbOwners } from './metallb-model.ts'
import { advertisement, everybody, here, member, pool, service } from './objects.ts'
import { names, nodes, PREFIXES, worlds } from './random-worlds.ts'

function announced(world: AnnounceObjects): ReadonlyMap<string, string | undefined> {
  const eligibility = eligible(world, everybody)
  const members = names.slice(1).map((name) => member(name))
  const found = announce(eligibility, here('n1'), members, hashOrders())
  return new Map(found.map(({ address, owner }) => [address, owner]))
}

test('without departures of ours, the owner is whom MetalLB elects', () => {
  let owned = 0
  fc.assert(
    fc.property(worlds(1), (world) => {
      const ours = announced(world)
      for (const each of world.services) {
        const theirs = metallbOwners(each, world, PREFIXES)
        expect(theirs.length).toBeLessThanOrEqual(1)
        owned += theirs.length
        for (const address of each.addresses) expect(ours.get(address)).toBe(theirs[0])
      }
    }),
    { numRuns: 600 },
  )
  // A property over worlds in which nobody announces would say nothing.
  expect(owned).toBeGreaterThan(100)
})

test('Services that share an address and have the same Nodes are announced by whom MetalLB elects', () => {
  fc.assert(
    fc.property(nodes, fc.integer({ min: 1, max: 120 }), fc.subarray([...names]), (all, at, on) => {
      const services = ['a', 'b', 'c'].map((name) =>
        service(name, [`192.0.2.${at}`], { shares: true, local: true }),
      )
      const world: AnnounceObjects = {
        nodes: all,
        services,
        endpoints: services.map(({ name }) => ({ service: name, any: on.length > 0, nodes: on })),
        pools: [pool('low', ['192.0.2.0/25'])],
        advertisements: [advertisement('all')],
      }
      const ours = announced(world)
      for (const each of services) {
        const [theirs] = metallbOwners(each, world, PREFIXES)
        expect(ours.get(`192.0.2.${at}`)).toBe(theirs)
      }
    }),
    { numRuns: 100 },
  )
})
