import type { Allocation } from '../../src/allocate/allocation.ts'
import { printReason } from '../../src/allocate/print-reason.ts'
import type { Claimant, Held, Pool, Sharing, World } from '../../src/allocate/world.ts'
import { type Address, familyOf, type Port, toBigInt } from '../../src/model/address.ts'
import type { AddressRange } from '../../src/model/address-range.ts'
import type { LabelSelector } from '../../src/model/label-selector.ts'

/** `a`, or `a-b`. */
export function range(text: string): AddressRange {
  const [first = '', last = first] = text.split('-') as Address[]
  return {
    family: familyOf(first as Address),
    first: toBigInt(first as Address),
    last: toBigInt(last as Address),
  }
}

/** A pool that is open to all and gives by itself, unless said otherwise. */
export function pool(name: string, ranges: string, other: Partial<Pool> = {}): Pool {
  return {
    name,
    created: '2026-01-01T00:00:00Z',
    ranges: ranges.split(' ').map(range),
    automatic: true,
    avoidsEnds: false,
    audience: undefined,
    ...other,
  }
}

export function selecting(key: string, value: string): LabelSelector {
  return { requirements: [{ key, operator: 'in', values: [value] }] }
}

/** A Service of namespace `shop` with IPv4 that asks for nothing, unless said otherwise. */
export function service(name: string, other: Partial<Claimant> = {}): Claimant {
  return {
    namespace: 'shop',
    name,
    created: '2026-02-01T00:00:00Z',
    labels: new Map(),
    families: ['ipv4'],
    dual: 'no',
    wish: { kind: 'any' },
    sharing: sharing(undefined),
    held: [],
    renewing: false,
    leaving: false,
    ...other,
  }
}

export function sharing(key: string | undefined, port = 80, backend = ''): Sharing {
  return { key, ports: [{ protocol: 'tcp', port: port as Port }], backend }
}

/** The addresses of a status, all with one mark. */
export function held(addresses: string, mark?: string): readonly Held[] {
  return addresses.split(' ').map((address) => ({ address: address as Address, pool: mark }))
}

/** A wish for addresses. */
export function asking(addresses: string, named?: string): Claimant['wish'] {
  return { kind: 'addresses', addresses: addresses.split(' ') as Address[], pool: named }
}

export function world(
  pools: readonly Pool[],
  claimants: readonly Claimant[],
  other: Partial<World> = {},
): World {
  return {
    claimants,
    pools,
    unread: new Set(),
    reserved: new Map(),
    onPoolChange: 'keep',
    nearlyFull: 80,
    ...other,
  }
}

/** The addresses of each Service, by name. */
export function addressesOf({ grants }: Allocation): Readonly<Record<string, string>> {
  return Object.fromEntries(
    grants.map(({ name, addresses }) => [name, addresses.map(({ address }) => address).join(' ')]),
  )
}

/** What is said of one Service. */
export function reasonOf({ grants }: Allocation, name: string): string {
  const grant = grants.find((each) => each.name === name)
  return grant === undefined ? 'there is no such Service' : printReason(grant.reason)
}

export function messagesOf({ problems }: Allocation): readonly string[] {
  return problems.map(({ object, message }) => `${object}: ${message}`)
}

/** The world after an allocation was written: a mark names the pool of the first address. */
export function written(before: World, { grants }: Allocation): World {
  const byName = new Map(grants.map((grant) => [`${grant.namespace}/${grant.name}`, grant]))
  const claimants = before.claimants.map((claimant): Claimant => {
    const granted = byName.get(`${claimant.namespace}/${claimant.name}`)?.addresses ?? []
    const [first] = granted
    return {
      ...claimant,
      renewing: false,
      held: granted.map(({ address }) => ({ address, pool: first?.pool })),
    }
  })
  return { ...before, claimants }
}
