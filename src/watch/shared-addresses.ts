import type { Address } from '../model/address.ts'
import type { AddressChange } from '../model/node.ts'

/** Addresses of many Nodes; the same one may stand in several. */
export class SharedAddresses {
  readonly #holders: Map<Address, number> = new Map()

  /** One Node has other addresses than before. Returns which addresses are there from now on, or no more. */
  replace(before: readonly Address[], after: readonly Address[]): AddressChange {
    const [former, next] = [new Set(before), new Set(after)]
    const come = [...next].filter((each) => !former.has(each) && this.#count(each, 1) === 1)
    const gone = [...former].filter((each) => !next.has(each) && this.#count(each, -1) === 0)
    return { come, gone }
  }

  all(): Iterable<Address> {
    return this.#holders.keys()
  }

  /** How many have it after `more` do. */
  #count(address: Address, more: number): number {
    const count = (this.#holders.get(address) ?? 0) + more
    if (count === 0) this.#holders.delete(address)
    else this.#holders.set(address, count)
    return count
  }
}
