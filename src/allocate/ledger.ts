import type { Address } from '../model/address.ts'
import { present } from '../model/present.ts'
import type { Granted } from './allocation.ts'
import { Company } from './company.ts'
import { type Obstacle, Tenants } from './sharing.ts'
import type { Claimant } from './world.ts'

/** An address with the pool that gives it, or gave it. */
export interface PoolGrant extends Granted {
  readonly pool: string
}

/** Who has which address while an allocation is made. */
export class Ledger {
  readonly company: Company = new Company()
  readonly #grants: Map<Claimant, readonly PoolGrant[]> = new Map()
  readonly #tenants: Map<Address, Tenants> = new Map()

  /** Returns what a Service has so far. */
  grantsOf(claimant: Claimant): readonly PoolGrant[] {
    return this.#grants.get(claimant) ?? []
  }

  /** Returns the Services that have an address, oldest first. */
  holdersOf(address: Address): readonly Claimant[] {
    return this.#tenants.get(address)?.holders ?? []
  }

  /** Returns all addresses that some Service has. */
  addresses(): Iterable<Address> {
    return this.#tenants.keys()
  }

  /** Returns what keeps a Service from an address that others have; undefined if nothing does. */
  obstacleTo(claimant: Claimant, address: Address): Obstacle | undefined {
    return this.#tenants.get(address)?.obstacleTo(claimant)
  }

  /** Gives a Service an address that it does not have. */
  add(claimant: Claimant, granted: PoolGrant): void {
    const { address } = granted
    this.#grants.set(claimant, [...this.grantsOf(claimant), granted])
    const tenants = this.#tenants.get(address) ?? new Tenants()
    tenants.add(claimant)
    this.#tenants.set(address, tenants)
    const { key } = claimant.sharing
    if (key !== undefined && tenants.holders.length === 1) this.company.add(key, address)
  }

  /** Takes an address from a Service that has it. */
  remove(claimant: Claimant, address: Address): void {
    const kept = this.grantsOf(claimant).filter((each) => each.address !== address)
    this.#grants.set(claimant, kept)
    const rest = present(this.#tenants.get(address)).without(claimant)
    const { key } = claimant.sharing
    if (rest.holders.length > 0) {
      this.#tenants.set(address, rest)
      this.company.reconsider()
      return
    }
    this.#tenants.delete(address)
    if (key !== undefined) this.company.remove(key, address)
  }
}
