import type { Flavour } from '../apply/iptables/programs.ts'

/** What a backend programs in the kernel. */
export interface Holding {
  /** Whether it programs nodelb's tables of nftables. */
  readonly tables: boolean
  /** The interface that carries the addresses of virtual servers; undefined without ipvs. */
  readonly ipvs: string | undefined
  /** The flavour whose tables have nodelb's chains; undefined without iptables. */
  readonly chains: Flavour | undefined
}

export const NO_HOLDING: Holding = { tables: false, ipvs: undefined, chains: undefined }

/** Returns what a backend of tables holds; `ipvs` is the dummy interface, if it has one. */
export function holdingTables(ipvs?: string): Holding {
  return { tables: true, ipvs, chains: undefined }
}

/** Returns what the iptables backend holds: chains of one flavour. */
export function holdingChains(chains: Flavour): Holding {
  return { tables: false, ipvs: undefined, chains }
}

/**
 * A backend that programs the kernel; as long as it is not closed, nothing of it may be removed.
 */
export interface Holder {
  readonly holds: Holding
  readonly closed: boolean
}

/** What this process uses in the kernel at the moment. */
export class Claims {
  readonly #holders: Set<Holder> = new Set()

  add(holder: Holder): void {
    this.#holders.add(holder)
  }

  get none(): boolean {
    return this.#live().length === 0
  }

  get tables(): boolean {
    return this.#live().some(({ tables }) => tables)
  }

  get ipvs(): string | undefined {
    return this.#live().find(({ ipvs }) => ipvs !== undefined)?.ipvs
  }

  chains(flavour: Flavour): boolean {
    return this.#live().some(({ chains }) => chains === flavour)
  }

  #live(): readonly Holding[] {
    for (const holder of this.#holders) if (holder.closed) this.#holders.delete(holder)
    return [...this.#holders].map(({ holds }) => holds)
  }
}
