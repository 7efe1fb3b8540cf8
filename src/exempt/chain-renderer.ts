import type { Denial } from '../frontend/denials.ts'
import { type Owner, ownerOf } from '../frontend/label-text.ts'
import type { TableFamily } from '../model/family.ts'
import type { FrontendId } from '../model/frontend-id.ts'
import type { AddressChange, Situation } from '../model/node.ts'
import type { ServiceObject, SliceObject } from '../model/service.ts'
import { type ServiceName, serviceName } from '../model/service-name.ts'
import type { Lowered } from '../render/iptables/family-lowering.ts'
import type { IptablesLowering } from '../render/iptables/lowering.ts'
import { type RenderedChains, takeChainChanges } from '../render/iptables/render.ts'
import type { ServedServices } from '../render/served-services.ts'
import type { Refusal } from './exemption.ts'
import type { SessionRenderer } from './session-renderer.ts'

/**
 * Renders frontends to chains. Exempt Services, which were refused or cannot be read, keep the
 * chains that the kernel has until their objects change.
 */
export class ChainRenderer implements SessionRenderer {
  readonly lowering: IptablesLowering
  readonly #services: ServedServices
  readonly #refusals: Map<Owner, Refusal> = new Map()

  constructor({ services, lowering }: RenderedChains) {
    this.lowering = lowering
    this.#services = services
  }

  setService(service: ServiceObject): void {
    // A Service that cannot be read completely stays as the tables have it.
    if (!service.partial) this.readmit(serviceName(service))
    this.#services.setService(service)
  }

  removeService(name: ServiceName): void {
    this.readmit(name)
    this.#services.removeService(name)
  }

  setSlice(slice: SliceObject): void {
    this.#services.setSlice(slice)
  }

  removeSlice(namespace: string, name: string): void {
    this.#services.removeSlice(namespace, name)
  }

  changeOtherNodes(change: AddressChange): void {
    this.#services.changeOtherNodes(change)
  }

  readmit(name: ServiceName): void {
    this.#refusals.delete(ownerOf(name))
    this.lowering.readmit(ownerOf(name))
  }

  /**
   * Renders these Services' chains again, without looking at other changes since the last round.
   */
  lowerAgain(names: readonly ServiceName[]): void {
    for (const name of names) this.readmit(name)
    this.lowering.takeChanges()
  }

  /** Notes why Services are exempt that stay as they are already. */
  refuse(refusals: readonly Refusal[]): void {
    for (const refusal of refusals) this.#refusals.set(refusal.service, refusal)
  }

  refusals(): ReadonlyMap<Owner, Refusal> {
    return this.#refusals
  }

  readmitRefused(): void {
    for (const owner of this.refusals().keys()) this.readmit(owner)
  }

  /**
   * Makes the chains follow the objects; returns what changed since the last call. A refused
   * Service that may be served differently is worth another attempt.
   */
  takeChanges(): Lowered {
    return takeChainChanges({ services: this.#services, lowering: this.lowering }, (name) => {
      if (this.#refusals.has(ownerOf(name))) this.readmit(name)
    })
  }

  denials(): readonly Denial[] {
    return this.#services.denials()
  }

  takeDenials(): ReadonlyMap<ServiceName, readonly Denial[]> {
    return this.#services.takeDenials()
  }

  label(family: TableFamily, front: FrontendId): string | undefined {
    return this.lowering.label(family, front)
  }

  get situation(): Situation {
    return this.#services.situation
  }

  nameOf(owner: Owner): ServiceName {
    return this.#services.nameOf(owner)
  }

  services(): number {
    return this.#services.count
  }
}
