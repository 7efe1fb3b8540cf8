import type { Denial } from '../frontend/denials.ts'
import type { Owner } from '../frontend/label-text.ts'
import type { TableFamily } from '../model/family.ts'
import type { AddressChange } from '../model/node.ts'
import type { ServiceObject, SliceObject } from '../model/service.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { Steps } from '../model/steps.ts'
import type { Tuple } from '../model/tuple.ts'
import type { IpvsRules } from '../ruleset/ipvs/types.ts'
import type { ElementValue, Ruleset } from '../ruleset/nftables/types.ts'
import type { ElementChange } from './assembly.ts'
import type { Situation } from './nftables/recall.ts'
import type { Frame } from './nftables/table.ts'

/** What a round of rendering changed. */
export interface Delta {
  readonly elements: readonly ElementChange[]
  /** Of the sets that stand for what ipvs and the dummy interface hold (ruleset/ipvs/elements.ts). */
  readonly ipvs: readonly ElementChange[]
  /** The new frame of a family whose frame changed; undefined where it has no table any more. */
  readonly frames: ReadonlyMap<TableFamily, Frame | undefined>
}

/** Holds the objects of the cluster and what they render to; work per change follows the change. */
export interface Renderer {
  setService(service: ServiceObject): void
  removeService(name: ServiceName): void
  setSlice(slice: SliceObject): void
  removeSlice(namespace: string, name: string): void
  /** Looks again at those Services that ask for one of these addresses; it matters for ipvs alone. */
  changeOtherNodes(change: AddressChange): void
  /** Before the first `settle`: renders what there is, Service by Service. */
  begin(): Steps<void>
  /** Renders what changed since the last call; what the first call finds is in `ruleset` alone. */
  settle(): Delta
  /** A view of the present state, not a copy: it moves with the next `settle`. */
  ruleset(): Ruleset
  /** All of a family's table but its Services' elements; undefined where it has no table. */
  frame(family: TableFamily): Frame | undefined
  /** All that Services ask for and do not get. */
  denials(): readonly Denial[]
  /** The same of those Services that were denied more, less or otherwise since the last call. */
  takeDenials(): ReadonlyMap<ServiceName, readonly Denial[]>
  /** The label (`namespace/name:port kind`) of a VIP or node port. */
  label(family: TableFamily, front: string): string | undefined
  /** By chain, how many elements of verdict maps lead there. */
  calls(family: TableFamily): ReadonlyMap<string, number>
  /** What a Service renders to; of any set, those that stand for ipvs among them. */
  element(family: TableFamily, set: string, key: Tuple): ElementValue | undefined
  /** `namespace/name` of a Service that is rendered; of another one, as its labels say. */
  nameOf(owner: Owner): ServiceName
  services(): number
  /** What it renders for. */
  readonly situation: Situation
}

/** A renderer that knows of ipvs as well. */
export interface WholeRenderer extends Renderer {
  /** What ipvs and the dummy interface shall hold beside the table; undefined with nftables. */
  ipvs(): IpvsRules | undefined
}
