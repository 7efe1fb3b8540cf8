import type { Address } from '../../model/address.ts'
import type { IpvsOperation } from '../../plan/ipvs/operation.ts'
import type { AddressChange } from '../../ruleset/ipvs/changes.ts'
import type { KernelIpvs } from '../../ruleset/ipvs/types.ts'

/** What a session knows of the dummy interface, which carries the addresses of Services. */
export class KnownDummy {
  #exists = false
  #unmarked = false
  #bound: Set<Address> = new Set()

  get exists(): boolean {
    return this.#exists
  }

  /** Whether the interface exists and is not yet marked as nodelb's. */
  get unmarked(): boolean {
    return this.#unmarked
  }

  /** Notes what was read. */
  found({ dummy, addresses }: KernelIpvs, unmarked: boolean): void {
    this.#exists = dummy
    this.#unmarked = unmarked
    this.#bound = new Set(addresses)
  }

  /** Notes what an operation has done to the interface, if anything. */
  performed(operation: IpvsOperation): void {
    switch (operation.kind) {
      case 'add-dummy':
        this.#exists = true
        this.#unmarked = true
        return
      case 'add-address':
        this.#bound.add(operation.address)
        return
      case 'delete-address':
        this.#bound.delete(operation.address)
        return
      case 'delete-dummy':
        this.#exists = false
        this.#bound.clear()
    }
  }

  marked(): void {
    this.#unmarked = false
  }

  carries(address: Address): boolean {
    return this.#bound.has(address)
  }

  /** Returns whether the interface carries any address after these changes. */
  isBoundAfter(changes: readonly AddressChange[]): boolean {
    const lost = changes.filter(({ address, after }) => !after && this.#bound.has(address))
    return changes.some(({ after }) => after) || this.#bound.size > lost.length
  }
}
