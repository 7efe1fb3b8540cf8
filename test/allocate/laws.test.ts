import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allocate } from '../../src/allocate/allocate.ts'
import type { Allocation, Grant } from '../../src/allocate/allocation.ts'
import { byAge } from '../../src/allocate/order.ts'
import { printReason } from '../../src/allocate/print-reason.ts'
import { reasonWord } from '../../src/allocate/reason.ts'
import type { Claimant, Pool, World } from '../../src/allocate/world.ts'
import { type Address, familyOf, toBigInt } from '../../src/model/address.ts'
import { selects } from '../../src/model/label-selector.ts'
import { runs } from '../support/runs.ts'
import { claimant, crowded, ipv4, ipv6, pools, wish, world } from './random-worlds.ts'
import { written } from './worlds.ts'

const numRuns = runs(8_000)

/** A world whose statuses are what an allocation of it has written. */
const settled = world.map((each) => written(each, allocate(each)))

/** A settled world in which some Services have another wish, so that they move and make room. */
const stirred = fc.tuple(settled, fc.array(fc.option(wish), { minLength: 8 })).map(
  ([before, wishes]): World => ({
    ...before,
    claimants: before.claimants.map((each, at) => ({ ...each, wish: wishes[at] ?? each.wish })),
  }),
)
const anyWorld = fc.oneof(world, stirred, crowded)

const shuffled = anyWorld.chain((given) =>
  fc.tuple(
    fc.constant(given),
    fc.record({
      claimants: order(given.claimants),
      pools: order(given.pools),
      unread: fc.constant(given.unread),
      reserved: order([...given.reserved]).map((entries) => new Map(entries)),
      onPoolChange: fc.constant(given.onPoolChange),
      nearlyFull: fc.constant(given.nearlyFull),
    }),
  ),
)

function order<Each>(list: readonly Each[]): fc.Arbitrary<readonly Each[]> {
  return fc.shuffledSubarray([...list], { minLength: list.length })
}

test('the order of objects does not show', () => {
  fc.assert(
    fc.property(shuffled, ([given, other]) => {
      expect(allocate(other)).toEqual(allocate(given))
    }),
    { numRuns },
  )
})

/**
 * One of the addresses that are asked for is held, and in no pool any more. The mark names one pool for all
 * addresses of a Service, so it tells nothing of that one.
 */
const strandedBesideWish: World = {
  claimants: [
    {
      ...{ namespace: 'shop', name: 'web', created: '', labels: new Map() },
      wish: {
        kind: 'addresses',
        addresses: ['192.0.3.2', '2001:db8::1'] as Address[],
        pool: undefined,
      },
      sharing: { key: undefined, ports: [], backend: '' },
      held: ['2001:db8::1', '192.0.3.1'].map((address) => {
        return { address: address as Address, pool: 'gone' }
      }),
      ...{ renewing: false, leaving: false, families: ['ipv4', 'ipv6'], dual: 'required' },
    },
  ],
  pools: [
    {
      ...{ name: 'new', created: '', automatic: true, avoidsEnds: false, audience: undefined },
      ranges: [{ family: 'ipv4', first: 0xc0000301n, last: 0xc0000302n }],
    },
  ],
  ...{ reserved: new Map(), onPoolChange: 'keep', nearlyFull: 80, unread: new Set() },
}

test('what is written and allocated again stays as it is', () => {
  fc.assert(
    fc.property(anyWorld, (given) => {
      const once = allocate(given)
      const again = allocate(written(given, once))
      expect(again.grants.map(statusOf)).toEqual(once.grants.map(statusOf))
      for (const [at, { reason }] of once.grants.entries()) {
        if (isWaiting(once.grants[at])) expect(again.grants[at]?.reason).toEqual(reason)
      }
    }),
    { numRuns, examples: [[strandedBesideWish]] },
  )
})

test('the removal of a Service moves no other', () => {
  fc.assert(
    fc.property(settled, fc.nat(), (before, at) => {
      fc.pre(before.claimants.length > 0)
      const gone = at % before.claimants.length
      const after = { ...before, claimants: before.claimants.filter((_, each) => each !== gone) }
      expectKept(allocate(before), allocate(after), ({ reason }) => reason.kind !== 'wish-unmet')
    }),
    { numRuns },
  )
})

test('a younger Service takes nothing from others, whatever it asks for and its status says', () => {
  fc.assert(
    fc.property(settled, claimant, (before, other) => {
      const status = other.held.map(({ address }) => ({ address, pool: undefined }))
      const youngest = { ...other, namespace: 'z', created: '', held: status }
      const after = allocate({ ...before, claimants: [youngest, ...before.claimants] })
      const others = after.grants.filter(({ namespace }) => namespace !== 'z')
      expect(others.map(statusOf)).toEqual(allocate(before).grants.map(statusOf))
    }),
    { numRuns },
  )
})

test('an address changes only with the wish of its Service, whatever becomes of pools and others', () => {
  fc.assert(
    fc.property(settled, pools, fc.array(claimant), (before, changed, others) => {
      const wishes = new Map(
        others.map(({ wish, labels, ...rest }) => [nameOf(rest), { wish, labels }]),
      )
      const names = new Set(before.claimants.map(nameOf))
      const newcomers = others.filter((each) => !names.has(nameOf(each)))
      const claimants = [
        ...before.claimants.map((each) => ({ ...each, ...wishes.get(nameOf(each)) })),
        ...unique(newcomers).map((each) => ({ ...each, held: [] })),
      ]
      const after: World = { ...before, pools: changed, claimants, onPoolChange: 'keep' }
      expectKept(allocate({ ...before, onPoolChange: 'keep' }), allocate(after), (grant) => {
        const asker = find(before, nameOf(grant))
        return asker !== undefined && !wishes.has(nameOf(grant)) && isMet(asker, grant, changed)
      })
    }),
    { numRuns },
  )
})

test('who shares an address may share it, or it is told', () => {
  fc.assert(
    fc.property(anyWorld, (given) => {
      const { grants, problems } = allocate(given)
      for (const one of grants) {
        for (const other of grants) {
          const address = one.addresses.find(
            ({ address, pool }) =>
              pool !== undefined && other.addresses.some((each) => each.address === address),
          )?.address
          if (one === other || address === undefined) continue
          const [a, b] = [find(given, nameOf(one)), find(given, nameOf(other))].map(
            (each) => each?.sharing,
          )
          expect(a?.key).toBeDefined()
          expect(a?.key).toBe(b?.key)
          const ports = new Set(a?.ports.map(({ port }) => port))
          expect(b?.ports.filter(({ port }) => ports.has(port))).toEqual([])
          const told = problems.filter(({ message }) => message.includes(`shares ${address}`))
          if (a?.backend !== b?.backend) expect(told).not.toEqual([])
        }
      }
    }),
    { numRuns },
  )
})

test('nobody gets an address that is reserved, avoided, or of a pool that is closed to it', () => {
  fc.assert(
    fc.property(anyWorld, (given) => {
      for (const grant of allocate(given).grants) {
        const asker = find(given, nameOf(grant))
        for (const { address, pool } of grant.addresses) {
          if (asker === undefined || asker.held.some((each) => each.address === address)) continue
          expect(given.reserved.has(address)).toBe(false)
          const mayAsk = asker.wish.kind !== 'any' || asker.held.length > 0
          expect(giverOf(given, address, asker, mayAsk)?.name).toBe(pool)
          expect(asker.leaving).toBe(false)
        }
      }
    }),
    { numRuns },
  )
})

test('who waits has no free address open to it', () => {
  fc.assert(
    fc.property(anyWorld, (given) => {
      const allocation = allocate(given)
      const taken = new Set(
        allocation.grants.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
      )
      const free = [...ipv4, ...ipv6].filter(
        (address) => !taken.has(address) && !given.reserved.has(address),
      )
      for (const { addresses, reason, ...grant } of allocation.grants) {
        const asker = find(given, nameOf(grant))
        const isContent =
          addresses.length > 0 && !['wish-unmet', 'left-alone'].includes(reason.kind)
        if (asker === undefined || asker.leaving || isContent) continue
        const own = addresses.map(({ address }) => address)
        for (const { name } of given.pools) {
          const mayAsk = asker.wish.kind !== 'any'
          const offered = free.filter((each) => giverOf(given, each, asker, mayAsk)?.name === name)
          const fits = { name, offered, own, canBeServed: canBeServed(asker, name, offered, own) }
          expect(fits).toEqual({ ...fits, canBeServed: false })
        }
      }
    }),
    { numRuns },
  )

  /** Whether a Service could be served by these addresses of a pool, with what it has. */
  function canBeServed(
    { wish, families, dual }: Claimant,
    pool: string,
    offered: readonly Address[],
    own: readonly Address[],
  ): boolean {
    if (wish.kind === 'unreadable') return false
    if (wish.kind === 'addresses') {
      const asked = wish.addresses.map(familyOf)
      const isCovered = families.every((family) => asked.includes(family))
      return (
        wish.pool === undefined &&
        asked.every((family) => families.includes(family)) &&
        (isCovered || dual === 'preferred') &&
        wish.addresses.every((address) => offered.includes(address))
      )
    }
    if (wish.kind === 'pool' && wish.pool !== pool) return false
    const has = families.filter((family) => offered.some((each) => familyOf(each) === family))
    if (own.length > 0) return families.length === 1 && has.length > 0
    return dual === 'preferred' ? has.length > 0 : has.length === families.length
  }
})

test('nobody takes an address for which another one waits that goes before', () => {
  fc.assert(
    fc.property(anyWorld, (given) => {
      const { grants } = allocate(given)
      const turns = given.claimants.toSorted((a, b) => turnOf(a) - turnOf(b) || byAge(a, b))
      for (const [turn, waiter] of turns.entries()) {
        const { wish, leaving, families } = waiter
        const [address, ...others] = wish.kind === 'addresses' ? wish.addresses : []
        if (address === undefined || others.length > 0 || leaving || families.length > 1) continue
        if (wish.kind === 'addresses' && wish.pool !== undefined) continue
        const holders = turns.filter((each) => has(grants, each, address))
        const isOpen = giverOf(given, address, waiter, true) !== undefined
        const mayHave = isOpen && families[0] === familyOf(address) && !given.reserved.has(address)
        if (!mayHave || holders.includes(waiter)) continue
        // One with a key may have joined a Service that had the address and moved away later.
        const before = holders.filter(
          (each) =>
            turns.indexOf(each) < turn ||
            each.sharing.key !== undefined ||
            each.held.some((one) => one.address === address),
        )
        expect([nameOf(waiter), before.map(nameOf)]).not.toEqual([nameOf(waiter), []])
      }
    }),
    { numRuns },
  )

  function turnOf({ wish }: Claimant): number {
    return ['addresses', 'pool', 'any', 'unreadable'].indexOf(wish.kind)
  }

  function has(grants: readonly Grant[], claimant: Claimant, address: Address): boolean {
    const grant = grants.find((each) => nameOf(each) === nameOf(claimant))
    return grant?.addresses.some((each) => each.address === address) === true
  }
})

test('every reason has a sentence, and a word for conditions', () => {
  fc.assert(
    fc.property(anyWorld, (given) => {
      const { grants, problems } = allocate(given)
      for (const { reason } of grants) {
        expect(printReason(reason)).toMatch(/^[A-Z0-9].*[^.;:]$/)
        expect(reasonWord(reason)).toMatch(/^[A-Z][A-Za-z]+$/)
      }
      for (const { message } of problems) expect(message).toMatch(/^[A-Z0-9].*[^.;:]$/)
    }),
    { numRuns },
  )
})

function nameOf({ namespace, name }: Pick<Grant, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`
}

function find({ claimants }: World, name: string): Claimant | undefined {
  return claimants.find((each) => nameOf(each) === name)
}

function unique(claimants: readonly Claimant[]): readonly Claimant[] {
  return [...new Map(claimants.map((each) => [nameOf(each), each])).values()]
}

function statusOf(grant: Grant): string {
  return `${nameOf(grant)} ${grant.addresses.map(({ address }) => address).join(' ')}`
}

/** True if it has no address of ours. */
function isWaiting(grant: Grant | undefined): boolean {
  return grant?.addresses.every(({ pool }) => pool === undefined) === true
}

/** Expects that Services have what they had from pools before, as far as they are there. */
function expectKept(
  before: Allocation,
  after: Allocation,
  counts: (grant: Grant) => boolean,
): void {
  for (const grant of before.grants.filter(counts)) {
    const later = after.grants.find((each) => nameOf(each) === nameOf(grant))
    const has = later?.addresses.map(({ address }) => address)
    for (const { address, pool } of grant.addresses) {
      if (later !== undefined && pool !== undefined) expect(has).toContain(address)
    }
  }
}

/** True if the Service asks for nothing, or for the pool that gave what it has and that no other has. */
function isMet({ wish }: Claimant, { addresses }: Grant, pools: readonly Pool[]): boolean {
  if (wish.kind === 'any') return true
  if (wish.kind !== 'pool') return false
  const others = pools.filter(({ name }) => name !== wish.pool)
  return addresses.every(
    ({ address, pool }) => pool === wish.pool && !others.some((each) => lists(each, address)),
  )
}

function lists({ ranges }: Pool, address: Address): boolean {
  const value = toBigInt(address)
  return ranges.some(
    ({ family, first, last }) => family === familyOf(address) && first <= value && value <= last,
  )
}

/**
 * The pool that may give an address to a Service: the oldest that lists it, if it is open, does not
 * avoid it, and gives by itself or may be asked.
 */
function giverOf(
  { pools }: World,
  address: Address,
  asker: Claimant,
  mayAsk: boolean,
): Pool | undefined {
  const age = ({ created, name }: Pool): string => `${created === '' ? 'x' : created} ${name}`
  const [owner] = pools
    .filter((each) => lists(each, address))
    .toSorted((a, b) => (age(a) < age(b) ? -1 : 1))
  if (owner === undefined) return undefined
  const { automatic, avoidsEnds, audience } = owner
  const isOpen =
    (audience?.namespaces?.has(asker.namespace) ?? true) &&
    (audience === undefined ||
      audience.services.length === 0 ||
      audience.services.some((each) => selects(each, asker.labels)))
  const isAvoided = avoidsEnds && ['0', '255'].includes(address.split('.')[3] ?? '')
  return isOpen && !isAvoided && (automatic || mayAsk) ? owner : undefined
}
