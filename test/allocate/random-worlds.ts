import fc from 'fast-check'
import type { Audience, Claimant, Pool, Reservation, World } from '../../src/allocate/world.ts'
import type { Address, Port } from '../../src/model/address.ts'
import type { AddressRange } from '../../src/model/address-range.ts'
import { pool, range, selecting, service } from './worlds.ts'

/** Few addresses, so that Services meet. One of the IPv4 ones ends in .255, one in .0. */
export const ipv4: readonly Address[] = [
  '192.0.2.254',
  '192.0.2.255',
  '192.0.3.0',
  '192.0.3.1',
  '192.0.3.2',
] as Address[]
export const ipv6: readonly Address[] = ['2001:db8::', '2001:db8::1', '2001:db8::2'] as Address[]
/** One that no pool has. */
const stray = '198.51.100.1' as Address

const poolNames = ['a', 'b', 'c']
const serviceNames = ['s', 't', 'u', 'v', 'w', 'x', 'y', 'z']
const created = fc.constantFrom('', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z')

function rangeIn(addresses: readonly Address[]): fc.Arbitrary<AddressRange> {
  const last = addresses.length - 1
  return fc
    .tuple(fc.integer({ min: 0, max: last }), fc.integer({ min: 0, max: 2 }))
    .map(([from, size]) => range(`${addresses[from]}-${addresses[Math.min(from + size, last)]}`))
}

const audience: fc.Arbitrary<Audience | undefined> = fc.option(
  fc.record({
    priority: fc.constantFrom(0, 1, 2),
    namespaces: fc.constantFrom(undefined, undefined, new Set(['n']), new Set<string>()),
    services: fc.constantFrom([], [], [selecting('tier', 'front')]),
  }),
  { nil: undefined },
)

const anyPool: fc.Arbitrary<Pool> = fc.record({
  name: fc.constantFrom(...poolNames),
  created,
  ranges: fc.array(fc.oneof(rangeIn(ipv4), rangeIn(ipv4), rangeIn(ipv6)), { maxLength: 3 }),
  automatic: fc.constantFrom(true, true, true, false),
  avoidsEnds: fc.boolean(),
  audience,
})

const anyAddress = fc.constantFrom(...ipv4, ...ipv6, stray)

export const wish: fc.Arbitrary<Claimant['wish']> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ kind: 'any' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('pool' as const),
      pool: fc.constantFrom(...poolNames, 'no'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('addresses' as const),
      addresses: fc
        .tuple(fc.constantFrom(...ipv4, stray), fc.constantFrom(...ipv6))
        .chain(([four, six]) => fc.constantFrom([four], [four], [six], [four, six], [six, four])),
      pool: fc.option(fc.constantFrom(...poolNames), { nil: undefined, freq: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant({ kind: 'unreadable' as const, text: 'x', why: 'it is no address' }),
  },
)

const families: fc.Arbitrary<Pick<Claimant, 'families' | 'dual'>> = fc.constantFrom(
  { families: ['ipv4'], dual: 'no' },
  { families: ['ipv4'], dual: 'no' },
  { families: ['ipv6'], dual: 'preferred' },
  { families: ['ipv4', 'ipv6'], dual: 'preferred' },
  { families: ['ipv6', 'ipv4'], dual: 'preferred' },
  { families: ['ipv4', 'ipv6'], dual: 'required' },
)

const held: fc.Arbitrary<Claimant['held']> = fc
  .tuple(
    fc.uniqueArray(anyAddress, { maxLength: 3 }),
    fc.option(fc.constantFrom(...poolNames, 'gone'), { nil: undefined, freq: 3 }),
  )
  .map(([addresses, mark]) => addresses.map((address) => ({ address, pool: mark })))

const sharing: fc.Arbitrary<Claimant['sharing']> = fc.record({
  key: fc.constantFrom(undefined, 'k', 'k', 'l'),
  ports: fc
    .subarray([80, 443])
    .map((ports) => ports.map((port) => ({ protocol: 'tcp' as const, port: port as Port }))),
  backend: fc.constantFrom('', '', 'app=web'),
})

export const claimant: fc.Arbitrary<Claimant> = fc
  .record({
    namespace: fc.constantFrom('m', 'n'),
    name: fc.constantFrom(...serviceNames),
    created,
    labels: fc.constantFrom(new Map(), new Map([['tier', 'front']])),
    wish,
    sharing,
    held: fc.oneof(fc.constant([]), held),
    renewing: fc.constantFrom(false, false, false, true),
    leaving: fc.constantFrom(false, false, false, false, true),
    families,
  })
  .map(({ families: chosen, ...rest }) => ({ ...rest, ...chosen }))

const reservation: fc.Arbitrary<Reservation> = fc.constantFrom<Reservation[]>(
  { kind: 'node', node: 'node-a' },
  { kind: 'external-ip', service: 'm/other' },
  { kind: 'other-class', service: 'm/other' },
)

export const pools: fc.Arbitrary<readonly Pool[]> = fc.uniqueArray(anyPool, {
  selector: ({ name }) => name,
  maxLength: 3,
  size: 'max',
})

export const world: fc.Arbitrary<World> = fc.record({
  claimants: fc.uniqueArray(claimant, {
    selector: ({ namespace, name }) => `${namespace}/${name}`,
    maxLength: 8,
    size: 'max',
  }),
  pools,
  reserved: fc
    .array(fc.tuple(anyAddress, reservation), { maxLength: 2 })
    .map((entries) => new Map(entries)),
  onPoolChange: fc.constantFrom('keep', 'keep', 'keep', 'move'),
  nearlyFull: fc.constant(80),
  unread: fc.constant(new Set<string>()),
})

const crowd: readonly Address[] = [
  '192.0.3.1',
  '192.0.3.2',
  '192.0.3.3',
  '192.0.3.4',
  '192.0.3.5',
] as Address[]

/** One that has an address in one of two pools and wants to be elsewhere. */
const mover: fc.Arbitrary<Pick<Claimant, 'created' | 'wish' | 'sharing' | 'held'>> = fc.record({
  created,
  wish: fc.oneof(
    fc.constant({ kind: 'any' as const }),
    fc.constantFrom('a', 'b').map((pool) => ({ kind: 'pool' as const, pool })),
    fc.constantFrom(...crowd).map((address) => ({
      kind: 'addresses' as const,
      addresses: [address],
      pool: undefined,
    })),
  ),
  sharing,
  held: fc
    .option(fc.constantFrom(...crowd), { nil: undefined, freq: 5 })
    .map((address) => (address === undefined ? [] : [{ address, pool: 'a' }])),
})

/** Nearly every address is in use, and most Services want one that another one has. */
export const crowded: fc.Arbitrary<World> = fc
  .array(mover, { minLength: 4, maxLength: 7, size: 'max' })
  .map((movers) => ({
    claimants: movers.map((each, at) => service(serviceNames[at] ?? '', each)),
    pools: [pool('a', '192.0.3.1-192.0.3.3'), pool('b', '192.0.3.4-192.0.3.5')],
    reserved: new Map(),
    onPoolChange: 'keep' as const,
    unread: new Set<string>(),
    nearlyFull: 80,
  }))
