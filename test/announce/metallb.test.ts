import fc from 'fast-check'
import { expect, test } from 'vitest'
import { announce } from '../../src/announce/announce.ts'
import { eligible } from '../../src/announce/eligible.ts'
import type { AnnounceObjects } from '../../src/announce/objects.ts'
import { hashOrders } from '../../src/announce/order.ts'
import type { Cidr } from '../../src/model/address.ts'
import { metallbOwners, type Prefixes } from './metallb-model.ts'
import {
  advertisement,
  everybody,
  here,
  labels,
  member,
  node,
  pool,
  select,
  service,
} from './objects.ts'

const PREFIXES: Prefixes = new Map([
  ['low', ['192.0.2.0/25', '2001:db8:1::/64']],
  ['high', ['192.0.2.128/25', '2001:db8:2::/64']],
] as [string, Cidr[]][])

const zone = fc.constantFrom('a', 'b')
const zones = fc
  .option(zone, { nil: undefined })
  .map((value) => labels(value ? { zone: value } : {}))
const selector = zone.map((value) => select({ zone: value }))
const selectors = fc.option(fc.array(selector, { minLength: 1, maxLength: 2 }), {
  nil: undefined,
  freq: 1,
})

const names = ['n1', 'n2', 'n3', 'n4', 'n5']

const nodes = fc
  .tuple(...names.map(() => fc.tuple(zones, fc.integer({ min: 0, max: 9 }))))
  .map((all) =>
    all.map(([of, state], i) => {
      const excluded = new Map([
        ...of,
        ['node.kubernetes.io/exclude-from-external-load-balancers', ''],
      ])
      return node(`n${i + 1}`, {
        labels: state === 0 ? excluded : of,
        networkUnavailable: state === 1,
      })
    }),
  )

const advertisements = fc
  .array(
    fc.record({
      pools: fc.option(
        fc.record({
          names: fc.subarray(['low', 'high', 'gone']),
          selectors: fc.array(selector, { maxLength: 1 }),
        }),
        { nil: undefined, freq: 1 },
      ),
      nodes: selectors,
      services: selectors,
      preferred: fc.array(fc.record({ weight: fc.integer({ min: 1, max: 3 }), nodes: selector }), {
        maxLength: 2,
      }),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((all) => all.map((rest, i) => advertisement(`ad${i}`, rest)))

const host = fc.integer({ min: 0, max: 255 })

/** One or two addresses, mostly of one pool; each Service has its own, or all of them share one. */
const someAddresses = fc.oneof(
  host.map((value) => [`192.0.2.${value}`]),
  host.map((value) => [`2001:db8:1::${value.toString(16)}`.replace('::0', '::')]),
  fc
    .tuple(host, fc.constantFrom(1, 2))
    .map(([value, net]) => [`192.0.2.${value}`, `2001:db8:${net}::1`]),
)

const oneService = fc.record({
  addresses: someAddresses,
  labels: zones,
  local: fc.boolean(),
  shares: fc.boolean(),
  on: fc.option(fc.subarray(names), { nil: undefined }),
})

function announced(world: AnnounceObjects): ReadonlyMap<string, string | undefined> {
  const eligibility = eligible(world, everybody)
  const members = names.slice(1).map((name) => member(name))
  const found = announce(eligibility, here('n1'), members, hashOrders())
  return new Map(found.map(({ address, owner }) => [address, owner]))
}

test('without departures of ours, the owner is whom MetalLB elects', () => {
  let owned = 0
  fc.assert(
    fc.property(
      nodes,
      advertisements,
      fc.tuple(zones, zones),
      oneService,
      (allNodes, ads, [low, high], { on, addresses, ...rest }) => {
        const web = service('web', addresses, rest)
        const world: AnnounceObjects = {
          nodes: allNodes,
          services: [web],
          endpoints: on === undefined ? [] : [{ service: web.name, any: on.length > 0, nodes: on }],
          pools: [
            pool('low', [...(PREFIXES.get('low') ?? [])], { labels: low }),
            pool('high', [...(PREFIXES.get('high') ?? [])], { labels: high }),
          ],
          advertisements: ads,
        }
        const theirs = metallbOwners(web, world, PREFIXES)
        expect(theirs.length).toBeLessThanOrEqual(1)
        owned += theirs.length
        const ours = announced(world)
        for (const address of web.addresses) expect(ours.get(address)).toBe(theirs[0])
      },
    ),
    { numRuns: 600 },
  )
  // A property over worlds in which nobody announces would say nothing.
  expect(owned).toBeGreaterThan(100)
})

test('Services that share an address and have the same Nodes are announced by whom MetalLB elects', () => {
  fc.assert(
    fc.property(nodes, fc.integer({ min: 1, max: 120 }), fc.subarray(names), (all, at, on) => {
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
