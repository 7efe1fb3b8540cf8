import type { Address } from '../model/address.ts'
import { present } from '../model/present.ts'

/** The addresses of Services that may be joined, by their key of sharing. */
export class Company {
  readonly #addresses: Map<string, Address[]> = new Map()
  /** How many from the front on cannot be joined by Services of a sort. */
  readonly #passed: Map<string, number> = new Map()

  add(key: string, address: Address): void {
    const own = this.#addresses.get(key)
    if (own === undefined) this.#addresses.set(key, [address])
    else own.push(address)
  }

  remove(key: string, address: Address): void {
    const own = present(this.#addresses.get(key))
    this.#addresses.set(
      key,
      own.filter((each) => each !== address),
    )
    this.reconsider()
  }

  /** Has to be called when a Service leaves an address that others keep. */
  reconsider(): void {
    this.#passed.clear()
  }

  /**
   * Returns the first address of a key that may be joined. The sort names all on which `mayJoin`
   * depends: an address that one Service of the sort could not join is not tried for the next,
   * because what is given later only makes it fuller.
   */
  first(key: string, sort: string, mayJoin: (address: Address) => boolean): Address | undefined {
    const own = this.#addresses.get(key) ?? []
    const sortOfKey = JSON.stringify([key, sort])
    let at = this.#passed.get(sortOfKey) ?? 0
    for (let each = own[at]; each !== undefined && !mayJoin(each); each = own[at]) at++
    this.#passed.set(sortOfKey, at)
    return own[at]
  }
}
