import type { Denial } from '../../frontend/denials.ts'
import { type Owner, ownerOf } from '../../frontend/label-text.ts'
import type { TableFamily } from '../../model/family.ts'
import type { AddressChange } from '../../model/node.ts'
import type { ServiceObject, SliceObject } from '../../model/service.ts'
import { type ServiceName, serviceName } from '../../model/service-name.ts'
import type { ElementStep } from '../../plan/nftables/delta.ts'
import type { IptablesLowering } from '../../render/iptables/lowering.ts'
import type { Situation } from '../../render/nftables/recall.ts'
import type { Renderer } from '../../render/renderer.ts'
import type { TableChange } from '../../ruleset/iptables/types.ts'
import type { Ruleset } from '../../ruleset/nftables/types.ts'
import type { Refusal } from '../outcome.ts'
import type { SessionRenderer } from '../session.ts'

/** The changes of one round of rendering. */
interface Rendered {
  readonly elements: readonly ElementStep[]
  readonly tables: readonly TableChange[]
}

/**
 * Renders to elements, and these to chains, with exceptions: chains of Services that were refused,
 * or that cannot be read, stay as the kernel has them until the objects change.
 */
export class IptablesRenderer implements SessionRenderer {
  readonly #inner: Renderer
  readonly lowering: IptablesLowering
  readonly #refusals: Map<Owner, Refusal> = new Map()

  constructor(inner: Renderer, lowering: IptablesLowering) {
    this.#inner = inner
    this.lowering = lowering
  }

  setService(service: ServiceObject): void {
    const name = serviceName(service)
    // A Service that cannot be read completely stays as the tables have it.
    if (!service.partial || this.#refusals.has(ownerOf(name))) this.release(name)
    this.#inner.setService(service)
  }

  removeService(name: ServiceName): void {
    this.release(name)
    this.#inner.removeService(name)
  }

  setSlice(slice: SliceObject): void {
    const name = `${slice.namespace}/${slice.service}`
    if (this.#refusals.has(ownerOf(name))) this.release(name)
    this.#inner.setSlice(slice)
  }

  removeSlice(namespace: string, name: string): void {
    this.#inner.removeSlice(namespace, name)
  }

  changeOtherNodes(change: AddressChange): void {
    this.#inner.changeOtherNodes(change)
  }

  release(name: ServiceName): void {
    this.#refusals.delete(ownerOf(name))
    this.lowering.release(ownerOf(name))
  }

  /**
   * Renders these Services' chains again, without looking at other changes since the last round.
   */
  lowerAgain(names: readonly ServiceName[]): void {
    for (const name of names) this.release(name)
    this.lowering.update(this.#inner.ruleset(), [])
  }

  /** Records refusals of Services whose chains are already held. */
  refuse(refusals: readonly Refusal[]): void {
    for (const refusal of refusals) this.#refusals.set(refusal.service, refusal)
  }

  refusals(): ReadonlyMap<Owner, Refusal> {
    return this.#refusals
  }

  settle(): Rendered {
    const { elements } = this.#inner.settle()
    return { elements, tables: this.lowering.update(this.#inner.ruleset(), elements) }
  }

  ruleset(): Ruleset {
    return this.#inner.ruleset()
  }

  denials(): readonly Denial[] {
    return this.#inner.denials()
  }

  takeDenials(): ReadonlyMap<ServiceName, readonly Denial[]> {
    return this.#inner.takeDenials()
  }

  label(family: TableFamily, front: string): string | undefined {
    return this.#inner.label(family, front)
  }

  get situation(): Situation {
    return this.#inner.situation
  }

  nameOf(owner: Owner): ServiceName {
    return this.#inner.nameOf(owner)
  }

  services(): number {
    return this.#inner.services()
  }
}
