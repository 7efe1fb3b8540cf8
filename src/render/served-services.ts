import { AddressIndex } from '../frontend/address-index.ts'
import { ClaimBook } from '../frontend/claim-book.ts'
import type { ClaimsOf } from '../frontend/claim-rules.ts'
import type { Denial } from '../frontend/denials.ts'
import { EndpointChoices } from '../frontend/endpoint-choices.ts'
import { frontendsOf, type ServedService } from '../frontend/frontends.ts'
import { type Owner, ownerOf } from '../frontend/label-text.ts'
import type { Address } from '../model/address.ts'
import type { AddressChange, NodeView, Settings, Situation } from '../model/node.ts'
import type { ServiceObject, SliceObject } from '../model/service.ts'
import { type ServiceName, serviceName } from '../model/service-name.ts'
import { ClusterObjects } from './cluster-objects.ts'

/** A Service that may be served differently than before; `served` is undefined if it is gone. */
interface Due {
  readonly name: ServiceName
  readonly served: ServedService | undefined
}

/**
 * Follows the objects of the cluster and works out which frontends each Service has on this node,
 * whatever a backend makes of them. A change costs what it changes.
 */
export class ServedServices {
  readonly situation: Situation
  readonly #claimsOf: ClaimsOf
  readonly #objects: ClusterObjects = new ClusterObjects()
  readonly #due: Set<ServiceName> = new Set()
  readonly #book: ClaimBook = new ClaimBook()
  readonly #choices: EndpointChoices
  readonly #otherNodes: Set<Address>
  /** The Services that could lose an address to another Node; undefined if none can. */
  readonly #askers: AddressIndex | undefined
  /** The full names of Services whose labels were shortened, by label. */
  readonly #cutNames: Map<Owner, ServiceName> = new Map()

  constructor(
    situation: Situation,
    claimsWithin: (settings: Settings, node: NodeView) => ClaimsOf,
  ) {
    const { node, settings } = situation
    const otherNodes = new Set(node.otherNodes)
    this.situation = situation
    this.#choices = new EndpointChoices(node)
    this.#otherNodes = otherNodes
    this.#claimsOf = claimsWithin(settings, { ...node, otherNodes })
    this.#askers = settings.backend.kind === 'ipvs' ? new AddressIndex() : undefined
  }

  setService(service: ServiceObject): void {
    const name = serviceName(service)
    this.#askers?.replace(name, this.#objects.services.get(name), service)
    this.#objects.services.set(name, service)
    this.#choices.forget(name)
    if (ownerOf(name) !== name) this.#cutNames.set(ownerOf(name), name)
    this.#claim(name, service)
  }

  removeService(name: ServiceName): void {
    this.#askers?.replace(name, this.#objects.services.get(name), undefined)
    this.#objects.services.delete(name)
    this.#choices.forget(name)
    this.#cutNames.delete(ownerOf(name))
    this.#claim(name, undefined)
  }

  setSlice(slice: SliceObject): void {
    for (const name of this.#objects.setSlice(slice)) this.#due.add(name)
  }

  removeSlice(namespace: string, sliceName: string): void {
    for (const name of this.#objects.removeSlice(namespace, sliceName)) this.#due.add(name)
  }

  /** Judges the Services anew that ask for one of these addresses. This matters for ipvs only. */
  changeOtherNodes({ come, gone }: AddressChange): void {
    for (const address of gone) this.#otherNodes.delete(address)
    for (const address of come) this.#otherNodes.add(address)
    for (const name of this.#askers?.askersOf([...come, ...gone]) ?? []) {
      this.#claim(name, this.#objects.services.get(name))
    }
  }

  /**
   * Yields each Service that may be served differently since the last call, when it is asked for:
   * the frontends of all at once would take too much memory. They come in order of name, so that
   * what is made of them reads well and does not depend on the order of arrival.
   */
  *takeDue(): Iterable<Due> {
    const names = [...this.#due].sort()
    this.#due.clear()
    for (const name of names) yield { name, served: this.#served(name) }
  }

  /** Returns all claims that Services do not get. */
  denials(): readonly Denial[] {
    return this.#book.allDenials()
  }

  /** Returns the denials of the Services whose denials may have changed since the last call. */
  takeDenials(): ReadonlyMap<ServiceName, readonly Denial[]> {
    return this.#book.takeDenials()
  }

  /** Returns `namespace/name` of a Service that is known; of others, what their labels say. */
  nameOf(owner: Owner): ServiceName {
    return this.#cutNames.get(owner) ?? owner
  }

  get count(): number {
    return this.#objects.services.size
  }

  #claim(name: ServiceName, service: ServiceObject | undefined): void {
    const claims = service === undefined ? [] : this.#claimsOf(service)
    for (const each of this.#book.replace(name, service, claims)) this.#due.add(each)
  }

  #served(name: ServiceName): ServedService | undefined {
    const service = this.#objects.services.get(name)
    if (service === undefined) return undefined
    const choice = this.#choices.of(name, this.#objects.slicesOf(name))
    const frontends = frontendsOf(service, this.#book.won(name), choice, this.situation)
    return { service, frontends }
  }
}
