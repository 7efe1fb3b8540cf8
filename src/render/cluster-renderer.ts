import { AddressIndex } from '../frontend/address-index.ts'
import { ClaimBook } from '../frontend/claim-book.ts'
import type { ClaimsOf } from '../frontend/claim-rules.ts'
import type { Denial } from '../frontend/denials.ts'
import { frontendsOf } from '../frontend/frontends.ts'
import { type Owner, ownerOf } from '../frontend/label-text.ts'
import type { Address } from '../model/address.ts'
import type { TableFamily } from '../model/family.ts'
import type { AddressChange, NodeView, Settings } from '../model/node.ts'
import type { ServiceObject, SliceObject } from '../model/service.ts'
import { type ServiceName, serviceName } from '../model/service-name.ts'
import type { Steps } from '../model/steps.ts'
import type { Tuple } from '../model/tuple.ts'
import type { IpvsRules } from '../ruleset/ipvs/types.ts'
import { labelledSets } from '../ruleset/nftables/sets.ts'
import type { ElementValue, Ruleset } from '../ruleset/nftables/types.ts'
import {
  type Assembly,
  addFragment,
  emptyAssembly,
  type Holding,
  removeFragment,
  takeChanges,
} from './assembly.ts'
import { ClusterObjects } from './cluster-objects.ts'
import { type Emitter, emitterOf } from './emitter.ts'
import type { Fragment } from './fragment.ts'
import { Frames } from './frames.ts'
import { ipvsContent } from './ipvs/assembly.ts'
import { type FamilyMemory, noMemory } from './nftables/emit.ts'
import type { Situation } from './nftables/recall.ts'
import type { Frame } from './nftables/table.ts'
import { memoryOf } from './present-memory.ts'
import type { Delta, WholeRenderer } from './renderer.ts'

const FAMILIES: readonly TableFamily[] = ['ip', 'ip6']

/**
 * Returns a renderer without objects, pure in all but form: the same calls give the same rule set.
 * `memory` is what the kernel held at the start.
 */
export function createRenderer(
  node: NodeView,
  settings: Settings,
  memory: FamilyMemory = () => noMemory,
): WholeRenderer {
  return new ClusterRenderer({ node, settings }, memory)
}

class ClusterRenderer implements WholeRenderer {
  readonly situation: Situation
  readonly #emitter: Emitter
  readonly #claimsOf: ClaimsOf
  /** What the kernel held at the start. */
  readonly #before: FamilyMemory
  /** What is in the assembly, and else what the kernel held at the start. */
  readonly #memory: FamilyMemory
  readonly #objects: ClusterObjects = new ClusterObjects()
  readonly #dirty: Set<ServiceName> = new Set()
  readonly #book: ClaimBook = new ClaimBook()
  readonly #assembly: Assembly = emptyAssembly()
  readonly #holdings: Map<ServiceName, Holding> = new Map()
  readonly #frames: Frames
  readonly #otherNodes: Set<Address>
  /** The Services that could lose an address to another Node; undefined if none can. */
  readonly #askers: AddressIndex | undefined
  /** The full names of Services whose labels were shortened, by label. */
  readonly #cutNames: Map<Owner, ServiceName> = new Map()

  constructor(situation: Situation, memory: FamilyMemory) {
    const { node, settings } = situation
    const otherNodes = new Set(node.otherNodes)
    this.situation = situation
    this.#emitter = emitterOf(settings)
    this.#otherNodes = otherNodes
    this.#claimsOf = this.#emitter.claimsWithin(settings, { ...node, otherNodes })
    this.#askers = settings.backend.kind === 'ipvs' ? new AddressIndex() : undefined
    this.#frames = new Frames(situation, this.#assembly)
    this.#before = memory
    this.#memory = memoryOf(this.#assembly, memory)
  }

  setService(service: ServiceObject): void {
    const name = serviceName(service)
    this.#askers?.replace(name, this.#objects.services.get(name), service)
    this.#objects.setService(service)
    if (ownerOf(name) !== name) this.#cutNames.set(ownerOf(name), name)
    this.#claim(name, service)
  }

  removeService(name: ServiceName): void {
    this.#askers?.replace(name, this.#objects.services.get(name), undefined)
    this.#objects.services.delete(name)
    this.#cutNames.delete(ownerOf(name))
    this.#claim(name, undefined)
  }

  setSlice(slice: SliceObject): void {
    for (const name of this.#objects.setSlice(slice)) this.#dirty.add(name)
  }

  removeSlice(namespace: string, sliceName: string): void {
    for (const name of this.#objects.removeSlice(namespace, sliceName)) this.#dirty.add(name)
  }

  changeOtherNodes({ come, gone }: AddressChange): void {
    for (const address of gone) this.#otherNodes.delete(address)
    for (const address of come) this.#otherNodes.add(address)
    for (const name of this.#askers?.askersOf([...come, ...gone]) ?? []) {
      this.#claim(name, this.#objects.services.get(name))
    }
  }

  *begin(): Steps<void> {
    // Nothing has to be removed first, and all fragments at once would take too much memory.
    for (const name of this.#takeDirty()) {
      this.#put(name, this.#rendered(name))
      yield
    }
  }

  settle(): Delta {
    this.#rerender(this.#takeDirty())
    const changed = new Map<TableFamily, Frame | undefined>()
    for (const family of FAMILIES) {
      if (this.#frames.renew(family)) changed.set(family, this.#frames.of(family))
    }
    this.#assembly.recording = true
    return { ...takeChanges(this.#assembly), frames: changed }
  }

  ruleset(): Ruleset {
    const ip = this.#frames.table('ip')
    const ip6 = this.#frames.table('ip6')
    return { ...(ip && { ip }), ...(ip6 && { ip6 }) }
  }

  frame(family: TableFamily): Frame | undefined {
    return this.#frames.of(family)
  }

  ipvs(): IpvsRules | undefined {
    const { backend } = this.situation.settings
    if (backend.kind !== 'ipvs') return undefined
    const { interface: dummy, timeouts } = backend
    return { ...ipvsContent(this.#assembly.ipvs), dummy, timeouts, filter: this.ruleset() }
  }

  denials(): readonly Denial[] {
    return this.#book.allDenials()
  }

  takeDenials(): ReadonlyMap<ServiceName, readonly Denial[]> {
    return this.#book.takeDenials()
  }

  label(family: TableFamily, front: string): string | undefined {
    for (const set of LABELLED) {
      const comment = this.#assembly.sets[family].get(set)?.get(front as Tuple)?.comment
      if (comment !== undefined) return comment
    }
    return undefined
  }

  calls(family: TableFamily): ReadonlyMap<string, number> {
    return this.#assembly.calls[family]
  }

  element(family: TableFamily, set: string, key: Tuple): ElementValue | undefined {
    return this.#assembly.sets[family].get(set)?.get(key)
  }

  nameOf(owner: Owner): ServiceName {
    return this.#cutNames.get(owner) ?? owner
  }

  services(): number {
    return this.#objects.services.size
  }

  #claim(name: ServiceName, service: ServiceObject | undefined): void {
    const claims = service === undefined ? [] : this.#claimsOf(service)
    for (const each of this.#book.replace(name, service, claims)) this.#dirty.add(each)
  }

  /** Sorts by name, so that the listing reads well and does not depend on the order of arrival. */
  #takeDirty(): readonly ServiceName[] {
    const names = [...this.#dirty].sort()
    this.#dirty.clear()
    return names
  }

  /** Removes all fragments, then adds all: an address that changes hands is never in twice. */
  #rerender(names: readonly ServiceName[]): void {
    const fresh = names.map((name) => [name, this.#rendered(name)] as const)
    for (const name of names) {
      const holding = this.#holdings.get(name)
      if (holding !== undefined) removeFragment(this.#assembly, holding)
      this.#holdings.delete(name)
    }
    for (const [name, fragment] of fresh) this.#put(name, fragment)
  }

  #rendered(name: ServiceName): Fragment {
    const service = this.#objects.services.get(name)
    if (service === undefined) return NOTHING
    const candidates = this.#objects.candidates(name)
    const frontends = frontendsOf(service, this.#book.won(name), candidates, this.situation)
    // Of the first fragments, none can have an earlier version in the assembly.
    const memory = this.#assembly.recording ? this.#memory : this.#before
    return this.#emitter.emit({ service, frontends }, { ...this.situation, memory })
  }

  #put(name: ServiceName, fragment: Fragment): void {
    const holding = addFragment(this.#assembly, fragment)
    if (this.#objects.services.has(name)) this.#holdings.set(name, holding)
  }
}

/** The fragment of a Service that is not there. */
const NOTHING: Fragment = { elements: [] }

/** The sets whose elements carry the label of their Service port. */
const LABELLED: readonly string[] = (['vip', 'node-port'] as const).flatMap(labelledSets)
