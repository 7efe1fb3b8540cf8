import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decide } from '../../../src/allocate/decide.ts'
import { nameOf } from '../../../src/decode/fields.ts'
import type { Address } from '../../../src/model/address.ts'
import { defaultAllocationSettings } from '../../../src/model/allocation-settings.ts'
import { serviceName } from '../../../src/model/service-name.ts'
import { withIngress } from '../../../src/watch/addresses/with-ingress.ts'
import { ALLOCATION_RESOURCES, AllocationStore } from '../../../src/watch/allocation-store.ts'
import { runs } from '../../support/runs.ts'
import { Giving, pool, service } from './giving.ts'

const numRuns = runs(1_000)

const name = fc.constantFrom('a', 'b', 'c', 'd')
const ip = fc.constantFrom('192.0.2.1', '192.0.2.2', '192.0.2.3', '198.51.100.1')

/** What may happen to a folder and to the process that follows it. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('service' as const),
      name,
      created: fc.constantFrom(undefined, '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
      type: fc.constantFrom('LoadBalancer', 'LoadBalancer', 'LoadBalancer', 'ClusterIP'),
      asks: fc.option(ip, { nil: undefined, freq: 5 }),
      renew: fc.constantFrom(undefined, undefined, '1', '2'),
      ingress: fc.option(ip, { nil: undefined, freq: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('gone' as const), name }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('pool' as const),
      addresses: fc.constantFrom(
        undefined,
        ['192.0.2.1-192.0.2.2'],
        ['192.0.2.2-192.0.2.4'],
        ['192.0.2.1-192.0.2.9'],
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const) }) },
  // Meanwhile an older Service may come, to which a new process would give the address first.
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('restart' as const, 'crash' as const),
      comes: name,
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer Each> ? Each : never
type StepOf<Kind extends Step['kind']> = Extract<Step, { readonly kind: Kind }>

/** A folder, and one process after another that follows it. */
class Machine {
  now: Giving = new Giving()
  /** What a pool gave to Services that have asked for nothing else since. */
  readonly kept: Map<string, readonly string[]> = new Map()
  readonly #asked: Map<string, string> = new Map()
  /** Those that ask for something else, which may not have been looked at yet. */
  readonly #pending: Set<string> = new Set()

  constructor() {
    this.now.start()
  }

  async play(next: Step): Promise<void> {
    const { now } = this
    switch (next.kind) {
      case 'service':
        this.#put(next)
        return
      case 'gone':
        this.kept.delete(`shop/${next.name}`)
        now.drop('services', next.name)
        return
      case 'pool':
        if (next.addresses === undefined) now.drop('ipaddresspools', 'p', 'metallb-system')
        else now.put('ipaddresspools', pool(...next.addresses))
        return
      case 'wait':
        await now.settled()
        this.#check()
        return
      case 'restart':
        await now.stop()
        this.#next(next.comes)
        return
      case 'crash':
        // What is being saved never gets to the disk, and nothing more is heard of the process.
        now.disk.delay = () => new Promise(() => undefined)
        await new Promise((resolve) => setImmediate(resolve))
        this.#note()
        this.#next(next.comes)
        return
    }
  }

  #put({ name: of, created, type, asks, renew, ingress }: StepOf<'service'>): void {
    const annotations = {
      ...(asks !== undefined && { 'metallb.io/loadBalancerIPs': asks }),
      ...(renew !== undefined && { 'nodelb.io/renew': renew }),
    }
    const asked = JSON.stringify([asks, type, renew, ingress])
    if (this.#asked.get(of) !== asked) {
      this.kept.delete(`shop/${of}`)
      this.#pending.add(of)
    }
    this.#asked.set(of, asked)
    const metadata = { annotations, creationTimestamp: created }
    const spec = { type }
    const held = ingress === undefined ? undefined : [ingress]
    this.now.put('services', service(of, { metadata, spec, ingress: held }))
  }

  #next(comes: StepOf<'service'>['name']): void {
    const before = this.now
    this.now = new Giving(before.disk.found())
    for (const resource of ['ipaddresspools', 'services'] as const) {
      for (const object of before.objects(resource)) this.now.put(resource, object)
    }
    const isThere = before.objects('services').some((each) => keyOf(each) === `shop/${comes}`)
    if (!isThere) this.#put({ ...OLDEST, name: comes })
    this.now.start()
  }

  #check(): void {
    const { now } = this
    const passed = now.passed()
    expect(Object.keys(passed)).toEqual(now.objects('services').map(keyOf).sort())
    const given = now.disk.given()
    const isActive =
      now.objects('ipaddresspools').length > 0 || [...given.keys()].some((each) => each in passed)
    if (isActive) expect(passed).toMatchObject(decided(now))
    // Manifests may both have the same address; what is given is one Service's alone.
    const all = Object.values(this.#ours()).flat()
    expect(new Set(all).size).toBe(all.length)
    expect(passed).toMatchObject(Object.fromEntries(this.kept))
    this.#pending.clear()
    this.#note()
  }

  /** Notes what has been passed on, and may not change any more. */
  #note(): void {
    for (const [each, addresses] of Object.entries(this.#ours())) {
      const of = each.slice(5)
      if (this.#pending.has(of) || this.#asked.get(of)?.startsWith('["')) continue
      this.kept.set(each, addresses)
    }
  }

  /** What was passed on and was given, which is not the status of a manifest. */
  #ours(): Readonly<Record<string, readonly string[]>> {
    const given = this.now.disk.given()
    return Object.fromEntries(
      Object.entries(this.now.passed()).filter(([each, addresses]) => {
        const own = given.get(each)?.addresses.map(({ address }) => address)
        return own !== undefined && own.join() === addresses.join()
      }),
    )
  }
}

/** What a controller would decide where the statuses are what was passed on, with its annotations. */
function decided(now: Giving): Readonly<Record<string, readonly string[]>> {
  const store = new AllocationStore({
    classes: () => [],
    followed: ALLOCATION_RESOURCES,
    read: () => undefined,
  })
  for (const object of now.objects('ipaddresspools')) {
    store.apply({ kind: 'object', resource: 'ipaddresspools', object })
  }
  const passed = now.passed()
  for (const object of now.objects('services')) {
    const written = withIngress(marked(object, now), (passed[keyOf(object)] ?? []) as Address[])
    store.apply({ kind: 'object', resource: 'all-services', object: written })
  }
  const { grants } = decide(store.objects(), defaultAllocationSettings)
  return Object.fromEntries(
    grants.map((grant) => [
      serviceName(grant),
      grant.addresses.map(({ address }) => String(address)),
    ]),
  )
}

/** A Service with the annotations that a controller would have left. */
function marked(object: object, now: Giving): object {
  const { metadata } = object as { metadata: { annotations: object } }
  const given = now.disk.given().get(keyOf(object))
  if (given === undefined) return object
  const annotations = {
    ...metadata.annotations,
    'metallb.io/ip-allocated-from-pool': given.addresses[0]?.pool,
    'nodelb.io/allocated': given.addresses.map(({ address }) => address).join(','),
    ...(given.renewed !== undefined && { 'nodelb.io/renewed': given.renewed }),
  }
  return { ...object, metadata: { ...metadata, annotations } }
}

function keyOf(object: object): string {
  return nameOf(object, true)
}

const OLDEST = {
  kind: 'service',
  created: '2026-01-01T00:00:00Z',
  type: 'LoadBalancer',
  asks: undefined,
  renew: undefined,
  ingress: undefined,
} as const
const POOL: Step = { kind: 'pool', addresses: ['192.0.2.2-192.0.2.4'] }
const WAIT: Step = { kind: 'wait' }

test('what is passed on is what is decided over what was held, and stays over crashes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const machine = new Machine()
      for (const each of [POOL, ...steps, WAIT]) await machine.play(each)
      await machine.now.stop()
    }),
    { numRuns },
  )
}, 60_000)
