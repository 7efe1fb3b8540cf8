import type { Denial } from '../frontend/denials.ts'
import type { Owner } from '../frontend/label-text.ts'
import type { TableFamily } from '../model/family.ts'
import type { AddressChange, Situation } from '../model/node.ts'
import type { ServiceObject, SliceObject } from '../model/service.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { Steps } from '../model/steps.ts'
import type { Tuple } from '../model/tuple.ts'
import type { IpvsRules } from '../ruleset/ipvs/types.ts'
import type { ElementValue, Ruleset } from '../ruleset/nftables/types.ts'
import type { Changes } from './assembly.ts'
import type { Frame } from './nftables/table.ts'

/** What one `takeChanges` changed. */
export interface Delta extends Changes {
  /** The new frames of families whose frame changed; undefined if a family has no table now. */
  readonly frames: ReadonlyMap<TableFamily, Frame | undefined>
}

/** Holds the objects of the cluster and what they render to; a change costs what it changes. */
export interface Renderer {
  setService(service: ServiceObject): void
  removeService(name: ServiceName): void
  setSlice(slice: SliceObject): void
  removeSlice(namespace: string, name: string): void
  /** Judges the Services anew that ask for one of these addresses. This matters for ipvs only. */
  changeOtherNodes(change: AddressChange): void
  /** Renders everything Service by Service; to be called before the first `takeChanges`. */
  begin(): Steps<void>
  /**
   * Renders and returns what changed since the last call. The first call returns no elements: what
   * it renders is in `ruleset` only.
   */
  takeChanges(): Delta
  /** Returns a view of the present state, not a copy: it changes with the next `takeChanges`. */
  ruleset(): Ruleset
  /** Returns a table without the elements of Services; undefined if the family has no table. */
  frame(family: TableFamily): Frame | undefined
  /** Returns all claims that Services do not get. */
  denials(): readonly Denial[]
  /** Returns the denials of the Services whose denials may have changed since the last call. */
  takeDenials(): ReadonlyMap<ServiceName, readonly Denial[]>
  /** Returns the label (`namespace/name:port kind`) of a VIP or node port; undefined if unknown. */
  label(family: TableFamily, front: string): string | undefined
  /** Returns the number of elements of verdict maps that lead to a chain, by chain. */
  calls(family: TableFamily): ReadonlyMap<string, number>
  /** Returns an element that Services render to, in any set. */
  element(family: TableFamily, set: string, key: Tuple): ElementValue | undefined
  /** Returns `namespace/name` of a Service that is rendered; of others, what their labels say. */
  nameOf(owner: Owner): ServiceName
  /** Returns the number of Services. */
  services(): number
  /** The node and settings that it renders for. */
  readonly situation: Situation
}

/** A renderer that also knows what ipvs holds. */
export interface WholeRenderer extends Renderer {
  /** Returns what ipvs and the dummy interface are to hold; undefined with other backends. */
  ipvs(): IpvsRules | undefined
}
