import type { Claimant, Pool, Wish, World } from '../../src/allocate/world.ts'
import { type Address, addressOf, familyOf, type IpFamily } from '../../src/model/address.ts'
import { selects } from '../../src/model/label-selector.ts'

/**
 * MetalLB's own rules (its allocator and Service controller, v0.16), slow and plain: every address
 * is looked at by itself, and one Service after the other. It has what nodelb takes over, so it is
 * to be asked only about worlds to which no departure applies:
 *
 * - MetalLB takes pools of one priority, and those without one, in random order: here by name.
 * - Services come in the order in which nodelb serves them; with MetalLB, as their events come.
 * - Nothing is reserved, no pools overlap, and no set of namespaces is empty: MetalLB gives addresses
 *   of Nodes, refuses pools that overlap, and opens such a pool to each Service that names it.
 * - A Service with a key asks for its addresses: nodelb looks for company in all of a pool first,
 *   MetalLB takes what comes first in it.
 * - A Service that prefers both families asks for none or two addresses: MetalLB refuses one.
 * - Statuses are empty, or what the model gave: MetalLB takes away what no longer fits.
 */
export class MetalLb {
  readonly #pools: readonly Pool[]
  readonly #has: Map<Claimant, readonly Address[]> = new Map()

  constructor({ pools }: World) {
    this.#pools = pools.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Looks at one Service, as at each of its events; returns the addresses that it has then. */
  converge(service: Claimant): readonly Address[] {
    let has = this.#has.get(service) ?? []
    if (has.length === 0) has = this.#allocate(service)
    else if (has.length === 1 && service.families.length === 2) {
      has = [...has, ...this.#second(service, has)]
    }
    const ipv4First = has.toSorted((a, b) => Number(a.includes(':')) - Number(b.includes(':')))
    this.#has.set(service, ipv4First)
    return ipv4First
  }

  #allocate(service: Claimant): readonly Address[] {
    const { wish } = service
    if (wish.kind === 'unreadable') return []
    if (wish.kind === 'addresses') return this.#asked(service, wish)
    if (wish.kind === 'pool') {
      const pool = this.#pools.find(({ name }) => name === wish.pool)
      return pool !== undefined && isOpen(pool, service) ? this.#firstOf(service, [pool]) : []
    }
    const open = this.#pools.filter((pool) => pool.automatic && isOpen(pool, service))
    const pinned = open.filter(({ audience }) => audience !== undefined)
    const found = this.#firstOf(
      service,
      pinned.toSorted((a, b) => rank(a) - rank(b)),
    )
    if (found.length > 0) return found
    return this.#firstOf(
      service,
      open.filter(({ audience }) => audience === undefined),
    )
  }

  #asked(service: Claimant, wish: Extract<Wish, { kind: 'addresses' }>): readonly Address[] {
    const { addresses } = wish
    const families = addresses.map(familyOf).sort().join()
    if (families !== [...service.families].sort().join()) return []
    const pool = this.#pools.find((each) =>
      addresses.every((one) => addressesOf(each).includes(one)),
    )
    if (pool === undefined || !isOpen(pool, service)) return []
    if (wish.pool !== undefined && wish.pool !== pool.name) return []
    return addresses.every((address) => this.#mayHave(service, address)) ? addresses : []
  }

  /** Both families from one pool; who prefers both takes the primary one, then the other one. */
  #firstOf(service: Claimant, pools: readonly Pool[]): readonly Address[] {
    const [primary, other] = service.families
    const tries: (readonly IpFamily[])[] = [service.families]
    if (other !== undefined && service.dual === 'preferred') tries.push([primary], [other])
    for (const families of tries) {
      for (const pool of pools) {
        const found = families.flatMap((family) => this.#firstIn(service, pool, family) ?? [])
        if (found.length === families.length) return found
      }
    }
    return []
  }

  #second(service: Claimant, [first]: readonly Address[]): readonly Address[] {
    const pool = this.#pools.find(
      (each) => first !== undefined && addressesOf(each).includes(first),
    )
    const missing = service.families.filter(
      (each) => first === undefined || familyOf(first) !== each,
    )
    return missing.flatMap((family) => (pool && this.#firstIn(service, pool, family)) ?? [])
  }

  #firstIn(service: Claimant, pool: Pool, family: IpFamily): Address | undefined {
    return addressesOf(pool).find(
      (address) => familyOf(address) === family && this.#mayHave(service, address),
    )
  }

  /** Free, or the same key, no common port and the same backend as each that has it. */
  #mayHave({ sharing }: Claimant, address: Address): boolean {
    const holders = [...this.#has].filter(([, addresses]) => addresses.includes(address))
    return holders.every(
      ([other]) =>
        sharing.key !== undefined &&
        sharing.key === other.sharing.key &&
        sharing.backend === other.sharing.backend &&
        !sharing.ports.some((one) =>
          other.sharing.ports.some(
            ({ protocol, port }) => protocol === one.protocol && port === one.port,
          ),
        ),
    )
  }
}

function isOpen({ audience }: Pool, { namespace, labels }: Claimant): boolean {
  if (audience === undefined) return true
  const { namespaces, services } = audience
  if (namespaces !== undefined && !namespaces.has(namespace)) return false
  return services.length === 0 || services.some((selector) => selects(selector, labels))
}

/** 0 goes last. */
function rank({ audience }: Pool): number {
  return audience?.priority === 0 ? Number.POSITIVE_INFINITY : (audience?.priority ?? 0)
}

/** All addresses of a pool, one by one, in the order listed. */
function addressesOf({ ranges, avoidsEnds }: Pool): readonly Address[] {
  const all = ranges.flatMap(({ family, first, last }) =>
    Array.from({ length: Number(last - first) + 1 }, (_, at) =>
      addressOf(family, first + BigInt(at)),
    ),
  )
  return all.filter((address) => !(avoidsEnds && /^\d.*\.(0|255)$/.test(address)))
}
