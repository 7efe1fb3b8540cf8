import type { Address } from '../../model/address.ts'
import type { IpvsOperation, IpvsPlan } from '../../plan/ipvs/operation.ts'
import { type ServerKey, serverKey } from '../../ruleset/ipvs/types.ts'
import type { IpvsFailure } from './failure.ts'

/** Remembers what failed, to tell which later operations must not be tried. */
export class Obstacles {
  readonly #plan: IpvsPlan
  readonly #served: (address: Address) => boolean
  readonly #refused = new Set<ServerKey>()
  readonly #refusedAddresses = new Set<Address>()
  readonly #stuck = new Set<Address>()

  constructor(plan: IpvsPlan, served: (address: Address) => boolean) {
    this.#plan = plan
    this.#served = served
  }

  /** Records a failure. */
  note(failure: IpvsFailure): void {
    const { operation } = failure
    if (operation.kind === 'add-server') {
      this.#refused.add(serverKey(operation.server))
      this.#refusedAddresses.add(operation.server.address)
    }
    if (operation.kind === 'delete-address') this.#stuck.add(operation.address)
  }

  /** Returns why the operation must not be tried; undefined when nothing is in its way. */
  before(operation: IpvsOperation): IpvsFailure | undefined {
    const reason = this.#reason(operation)
    return reason === undefined ? undefined : { operation, errno: 'ECANCELED', reason }
  }

  #reason(operation: IpvsOperation): string | undefined {
    if (operation.kind === 'delete-server' && this.#stuck.has(operation.server.address)) {
      return 'its address could not be taken from the interface'
    }
    // One that another program made meanwhile takes destinations, and is not nodelb's to change.
    if (operation.kind === 'add-destination' && this.#refused.has(serverKey(operation.server))) {
      return 'its virtual server was refused'
    }
    if (operation.kind === 'add-address' && this.#forsaken(operation.address)) {
      return 'none of its virtual servers could be made'
    }
    return undefined
  }

  /** Looks through the whole plan, because this is needed rarely. */
  #forsaken(address: Address): boolean {
    if (!this.#refusedAddresses.has(address) || this.#served(address)) return false
    return this.#plan.every(
      (operation) =>
        operation.kind !== 'add-server' ||
        operation.server.address !== address ||
        this.#refused.has(serverKey(operation.server)),
    )
  }
}
