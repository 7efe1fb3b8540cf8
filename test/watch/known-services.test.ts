import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Problem, printProblem } from '../../src/decode/problem.ts'
import { defaultLimits, sizeOf } from '../../src/model/limits.ts'
import type { Cluster, ServiceObject, SliceObject } from '../../src/model/service.ts'
import { KnownServices } from '../../src/watch/known-services.ts'
import type { ObjectChange } from '../../src/watch/object-change.ts'
import { names, namespace, service, slice } from '../support/random-cluster.ts'

type Step = (known: KnownServices) => readonly ObjectChange[]

const step: fc.Arbitrary<Step> = fc.oneof(
  service.map(
    (value): Step =>
      (known) =>
        known.setService(value),
  ),
  fc.constantFrom(...names).map(
    (name): Step =>
      (known) =>
        known.removeService(`${namespace}/${name}`),
  ),
  slice.map(
    (value): Step =>
      (known) =>
        known.setSlice(`${namespace}/${value.name}`, {
          kind: 'slice',
          slice: value,
          triggered: undefined,
        }),
  ),
  slice.map(
    ({ name, service: owner }): Step =>
      (known) =>
        known.removeSlice(`${namespace}/${name}`, `${namespace}/${owner}`),
  ),
)

/** Few enough that random Services are now over them, now not. */
const limits = fc.record({
  claimsPerService: fc.integer({ min: 1, max: 12 }),
  entriesPerService: fc.integer({ min: 1, max: 100 }),
  entriesPerNamespace: fc.integer({ min: 1, max: 200 }),
})

test('who follows the changes knows what holds; Services over the limits are as they last were', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), limits, fc.nat(10), (steps, chosen, listed) => {
      const problems = new Map<string, readonly Problem[]>()
      const known = new KnownServices((name, found) => problems.set(name, found), chosen)
      const follower = new Follower()
      const latest = new Follower()
      const unlimited = new KnownServices(() => undefined, UNLIMITED)
      steps.forEach((change, at) => {
        if (at === listed) {
          known.judge()
          follower.begin(known.cluster())
        }
        const changes = change(known)
        if (at < listed) return
        for (const each of changes) follower.take(each)
        expect(follower.cluster()).toEqual(sorted(known.cluster()))
      })
      for (const change of steps) for (const each of change(unlimited)) latest.take(each)
      let total = 0
      for (const held of known.cluster().services) {
        const of = `${held.namespace}/${held.name}`
        const { claims, entries } = sizeOf(held, known.slicesOf(of))
        if (steps.length <= listed) return
        expect(claims).toBeLessThanOrEqual(chosen.claimsPerService)
        expect(entries).toBeLessThanOrEqual(chosen.entriesPerService)
        total += entries
        if (!known.isOversized(of)) expect(held).toEqual(latest.service(of))
      }
      expect(total).toBeLessThanOrEqual(chosen.entriesPerNamespace)
      for (const name of known.oversized()) expect(problems.get(name)).toHaveLength(1)
    }),
    { numRuns: 2_000 },
  )
})

const UNLIMITED = {
  claimsPerService: Number.POSITIVE_INFINITY,
  entriesPerService: Number.POSITIVE_INFINITY,
  entriesPerNamespace: Number.POSITIVE_INFINITY,
}

/** Does with changes what a renderer does. */
class Follower {
  readonly #services: Map<string, ServiceObject> = new Map()
  readonly #slices: Map<string, SliceObject> = new Map()

  begin({ services, slices }: Cluster): void {
    for (const each of services) this.take({ kind: 'service', service: each })
    for (const each of slices) this.take({ kind: 'slice', slice: each, triggered: undefined })
  }

  take(change: ObjectChange): void {
    if (change.kind === 'service') {
      this.#services.set(`${change.service.namespace}/${change.service.name}`, change.service)
    } else if (change.kind === 'slice') this.#slices.set(change.slice.name, change.slice)
    else if (change.kind === 'service-gone') this.#services.delete(change.name)
    else if (change.kind === 'slice-gone') this.#slices.delete(change.name)
  }

  service(name: string): ServiceObject | undefined {
    return this.#services.get(name)
  }

  cluster(): Cluster {
    return sorted({ services: [...this.#services.values()], slices: [...this.#slices.values()] })
  }
}

function sorted({ services, slices }: Cluster): Cluster {
  const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1)
  return { services: services.toSorted(byName), slices: slices.toSorted(byName) }
}

const port = (number: number) => ({
  name: `p${number}`,
  protocol: 'tcp' as const,
  port: number,
  nodePort: 30_000 + number,
})

const large = {
  namespace: 'shop',
  name: 'large',
  created: '',
  clusterAddresses: ['10.96.0.1', 'fd00::1'],
  externalAddresses: ['203.0.113.1', '203.0.113.2', '2001:db8::1'],
  loadBalancerAddresses: ['203.0.113.3', '2001:db8::2'],
  sourceRanges: ['10.0.0.0/8', '2001:db8::/32'],
  internalPolicy: 'cluster',
  externalPolicy: 'cluster',
  affinity: { kind: 'none' },
  scheduler: undefined,
  healthCheckPort: undefined,
  ports: [port(80), port(443)],
} as unknown as ServiceObject

function slices(endpoints: number): SliceObject[] {
  return (['ipv4', 'ipv6'] as const).flatMap((family) =>
    Array.from({ length: Math.ceil(endpoints / 1_000) }, (_, at) => ({
      namespace: 'shop',
      name: `large-${family}-${at}`,
      service: 'large',
      family,
      ports: large.ports.map(({ name, protocol, port: number }) => ({
        name,
        protocol,
        port: number,
      })),
      endpoints: Array.from({ length: Math.min(1_000, endpoints - at * 1_000) }, () => {
        return {} as SliceObject['endpoints'][number]
      }),
    })),
  )
}

test('a dual-stack Service of 5,000 endpoints, 2 ports and all kinds of addresses is within them', () => {
  const { claims, entries, endpoints } = sizeOf(large, slices(5_000))
  // 7 addresses and a node port; of these 4 + 1 in IPv4 and 3 + 1 in IPv6 lead to 5,000 each.
  expect([claims, entries, endpoints]).toEqual([16, 2 * (9 * 5_004 + 2), 10_000])
  expect(claims).toBeLessThan(defaultLimits.claimsPerService)
  expect(entries).toBeLessThan(defaultLimits.entriesPerService)
})

test.each([
  [
    { externalAddresses: Array.from({ length: 3_000 }, (_, n) => `203.0.${n >> 8}.${n & 255}`) },
    5,
    'Service shop/large: spec.externalIPs: found 6010 pairs of address and port (3004 addresses, 2 ports), expected at most 4096: make several Services of it, or raise limits.claimsPerService',
  ],
  [
    { ports: Array.from({ length: 2_000 }, (_, n) => port(n + 1)) },
    5,
    'Service shop/large: spec.ports: found 16000 pairs of address and port (7 addresses, 2000 ports), expected at most 4096: make several Services of it, or raise limits.claimsPerService',
  ],
  [
    {},
    20_000,
    'Service shop/large: endpoints: found 360076 entries in the kernel (7 addresses, 2 ports, 40000 endpoints), expected at most 262144: make several Services of it, or raise limits.entriesPerService',
  ],
  [
    { sourceRanges: Array.from({ length: 200_000 }, (_, n) => `10.${n >> 8}.${n & 255}.0/24`) },
    5,
    'Service shop/large: spec.loadBalancerSourceRanges: found 400162 entries in the kernel (7 addresses, 2 ports, 10 endpoints), expected at most 262144: make several Services of it, or raise limits.entriesPerService',
  ],
])('what is too much is named: %#', (more, endpoints, line) => {
  let told: readonly Problem[] = []
  const known = new KnownServices((_, problems) => {
    told = problems
  })
  known.judge()
  known.setService({ ...large, ...more } as ServiceObject)
  for (const each of slices(endpoints)) {
    known.setSlice(`shop/${each.name}`, { kind: 'slice', slice: each, triggered: undefined })
  }
  expect(told.map(printProblem)).toEqual([line])
})

test('of one namespace the older Services are admitted first, and others once there is room', () => {
  const known = new KnownServices(() => undefined, {
    ...defaultLimits,
    entriesPerNamespace: 120,
  })
  const small = (name: string, created: string): ServiceObject => ({ ...large, name, created })
  // 7 addresses with 2 ports, 4 node ports in two families, and 4 source ranges: 76 entries.
  const [young, old] = [small('a', '2026-02-01T00:00:00Z'), small('b', '2026-01-01T00:00:00Z')]
  for (const each of [young, old]) known.setService(each)
  known.setService({ ...young, namespace: 'elsewhere' })
  known.judge()
  expect([...known.oversized()]).toEqual(['shop/a'])
  expect(known.cluster().services).toHaveLength(2)
  expect(known.removeService('shop/b')).toEqual([
    { kind: 'service-gone', name: 'shop/b' },
    { kind: 'service', service: young },
  ])
  expect(known.setService(old)).toEqual([])
  expect([...known.oversized()]).toEqual(['shop/b'])
  const shrunk = { ...young, externalAddresses: [], loadBalancerAddresses: [] }
  expect(known.setService(shrunk)).toEqual([
    { kind: 'service', service: shrunk },
    { kind: 'service', service: old },
  ])
  expect(known.oversized().size).toBe(0)
})

test('limits that are raised let in what waited; those that are lowered take nothing away', () => {
  const known = new KnownServices(() => undefined)
  known.judge()
  known.setService(large)
  known.setLimits({ ...defaultLimits, claimsPerService: 15 })
  expect([...known.oversized()]).toEqual(['shop/large'])
  expect(known.cluster().services).toEqual([large])
  const changed = { ...large, created: '2026-01-01T00:00:00Z' }
  expect(known.setService(changed)).toEqual([])
  expect(known.cluster().services).toEqual([large])
  known.setLimits(defaultLimits)
  expect(known.cluster().services).toEqual([changed])
})
