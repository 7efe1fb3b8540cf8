import type { Denial } from '../frontend/denials.ts'
import type { ServedService } from '../frontend/frontends.ts'
import type { Owner } from '../frontend/label-text.ts'
import type { TableFamily } from '../model/family.ts'
import type { AddressChange, NodeView, Settings, Situation } from '../model/node.ts'
import type { ServiceObject, SliceObject } from '../model/service.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { Steps } from '../model/steps.ts'
import type { Tuple } from '../model/tuple.ts'
import type { IpvsRules } from '../ruleset/ipvs/types.ts'
import { FRONTS, labelledSets } from '../ruleset/nftables/sets.ts'
import type { ElementValue, Ruleset } from '../ruleset/nftables/types.ts'
import { type Assembly, emptyAssembly, takeChanges } from './assembly.ts'
import { type Emitter, emitterOf } from './emitter.ts'
import type { Fragment } from './fragment.ts'
import { Frames } from './frames.ts'
import { addFragment, type Holding, replaceFragments } from './holding.ts'
import { ipvsContent } from './ipvs/assembly.ts'
import { type FamilyMemory, noMemory } from './nftables/emit.ts'
import type { Frame } from './nftables/table.ts'
import { memoryOf } from './present-memory.ts'
import type { Delta, WholeRenderer } from './renderer.ts'
import { ServedServices } from './served-services.ts'

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
  readonly #services: ServedServices
  /** What the kernel held at the start. */
  readonly #before: FamilyMemory
  /** What is in the assembly, and else what the kernel held at the start. */
  readonly #memory: FamilyMemory
  readonly #assembly: Assembly = emptyAssembly()
  readonly #holdings: Map<ServiceName, Holding> = new Map()
  readonly #frames: Frames

  constructor(situation: Situation, memory: FamilyMemory) {
    this.situation = situation
    this.#emitter = emitterOf(situation.settings)
    this.#services = new ServedServices(situation, this.#emitter.claimsWithin)
    this.#frames = new Frames(situation, this.#assembly)
    this.#before = memory
    this.#memory = memoryOf(this.#assembly, memory)
  }

  setService(service: ServiceObject): void {
    this.#services.setService(service)
  }

  removeService(name: ServiceName): void {
    this.#services.removeService(name)
  }

  setSlice(slice: SliceObject): void {
    this.#services.setSlice(slice)
  }

  removeSlice(namespace: string, sliceName: string): void {
    this.#services.removeSlice(namespace, sliceName)
  }

  changeOtherNodes(change: AddressChange): void {
    this.#services.changeOtherNodes(change)
  }

  *begin(): Steps<void> {
    // Nothing has to be removed first, and all fragments at once would take too much memory.
    for (const { name, served } of this.#services.takeDue()) {
      if (served !== undefined) {
        this.#holdings.set(name, addFragment(this.#assembly, this.#rendered(served)))
      }
      yield
    }
  }

  takeChanges(): Delta {
    this.#rerender()
    const changes = takeChanges(this.#assembly)
    const changed = new Map<TableFamily, Frame | undefined>()
    for (const family of FAMILIES) {
      if (this.#frames.renew(family)) changed.set(family, this.#frames.of(family))
    }
    this.#assembly.recording = true
    return { ...changes, frames: changed }
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
    return this.#services.denials()
  }

  takeDenials(): ReadonlyMap<ServiceName, readonly Denial[]> {
    return this.#services.takeDenials()
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
    return this.#services.nameOf(owner)
  }

  services(): number {
    return this.#services.count
  }

  #rerender(): void {
    const due = Array.from(this.#services.takeDue(), ({ name, served }) => {
      return { name, holding: this.#holdings.get(name), fragment: served && this.#rendered(served) }
    })
    const held = replaceFragments(this.#assembly, due)
    for (const [at, { name }] of due.entries()) {
      const holding = held[at]
      if (holding === undefined) this.#holdings.delete(name)
      else this.#holdings.set(name, holding)
    }
  }

  #rendered(served: ServedService): Fragment {
    // Of the first fragments, none can have an earlier version in the assembly.
    const memory = this.#assembly.recording ? this.#memory : this.#before
    return this.#emitter.emit(served, { ...this.situation, memory })
  }
}

/** The sets whose elements carry the label of their Service port. */
const LABELLED: readonly string[] = FRONTS.flatMap(labelledSets)
