import type { Address } from '../model/address.ts'
import type { AddressChange } from '../model/node.ts'

/** The addresses of many Nodes; several may have the same address. */
export class SharedAddresses {
  readonly #holders: Map<Address, number> = new Map()

  /**
   * Replaces the addresses of one Node. Returns which addresses are new among all Nodes, and which
   * no Node has any more.
   */
  replace(before: readonly Address[], after: readonly Address[]): AddressChange {
    const [former, next] = [new Set(before), new Set(after)]
    const come = [...next].filter((each) => !former.has(each) && this.#count(each, 1) === 1)
    const gone = [...former].filter((each) => !next.has(each) && this.#count(each, -1) === 0)
    return { come, gone }
  }

  /** Returns the addresses, each once. */
  all(): Iterable<Address> {
    return this.#holders.keys()
  }

  /** Adds `more` to the number of Nodes that have the address, and returns it. */
  #count(address: Address, more: number): number {
    const count = (this.#holders.get(address) ?? 0) + more
    if (count === 0) this.#holders.delete(address)
    else this.#holders.set(address, count)
    return count
  }
}
