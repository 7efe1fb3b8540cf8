import fc from 'fast-check'
import type { AnnounceObjects, AnnouncerNode } from '../../src/announce/objects.ts'
import type { Cidr } from '../../src/model/address.ts'
import type { Prefixes } from './metallb-model.ts'
import { advertisement, labels, node, pool, select, service } from './objects.ts'

/** The ranges of the two pools. */
export const PREFIXES: Prefixes = new Map([
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

/** The Nodes of each world. */
export const names: readonly string[] = ['n1', 'n2', 'n3', 'n4', 'n5']

/** Five Nodes, some without network or with the label that excludes them. */
export const nodes: fc.Arbitrary<readonly AnnouncerNode[]> = fc
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

/** One or two addresses, mostly of one pool. */
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
  on: fc.option(fc.subarray([...names]), { nil: undefined }),
})

/** Five Nodes, two pools, up to three advertisements, and up to as many Services. */
export function worlds(most: number): fc.Arbitrary<AnnounceObjects> {
  const services = fc.array(oneService, { minLength: 1, maxLength: most })
  const poolLabels = fc.tuple(zones, zones)
  return fc
    .tuple(nodes, advertisements, poolLabels, services)
    .map(([of, ads, [low, high], all]) => {
      const named = all.map(({ on, addresses, ...rest }, i) => {
        return { on, service: service(`s${i}`, addresses, rest) }
      })
      return {
        nodes: of,
        advertisements: ads,
        pools: [
          pool('low', [...(PREFIXES.get('low') ?? [])], { labels: low }),
          pool('high', [...(PREFIXES.get('high') ?? [])], { labels: high }),
        ],
        services: named.map((each) => each.service),
        endpoints: named.flatMap(({ on, service: { name } }) =>
          on === undefined ? [] : [{ service: name, any: on.length > 0, nodes: on }],
        ),
      }
    })
}
