import type { Refusal } from '../../exempt/exemption.ts'
import type { FrontendChange, NotedChange } from '../../frontend/frontend-change.ts'
import type { Address } from '../../model/address.ts'
import type { ShownOperation } from '../../plan/explain.ts'
import type { IpvsOperation, IpvsPlan } from '../../plan/ipvs/operation.ts'
import type { IpvsChange } from '../../ruleset/ipvs/changes.ts'
import type { ServerKey } from '../../ruleset/ipvs/types.ts'

/** What has to be done between the two halves of the tables' plan. */
export interface IpvsTask {
  readonly plan: IpvsPlan
  /** The name of the interface. */
  readonly dummy: string
  /**
   * Returns the change that an operation makes to what there was when the plan was made; undefined
   * if it changes neither server nor destination nor address.
   */
  readonly changeBy: (operation: IpvsOperation) => IpvsChange | undefined
  /** The changes that flows have to follow. */
  readonly flows: readonly NotedChange[]
  /** Returns whether an address had a virtual server. */
  readonly served: (address: Address) => boolean
  /** Returns the label of a server that is no longer rendered. */
  readonly formerLabel: (server: ServerKey) => string | undefined
}

/** What commits did since the last question. */
export interface IpvsDone {
  readonly operations: readonly ShownOperation[]
  readonly refusals: readonly Refusal[]
  readonly flows: readonly NotedChange[]
  /** Virtual servers that other programs made where nodelb wants its own. */
  readonly intruders: readonly ServerKey[]
}

/** The same, with the changes of frontends that follow from it. */
export interface IpvsOutcome extends Omit<IpvsDone, 'flows'> {
  readonly changes: readonly FrontendChange[]
}

export const NOTHING: IpvsDone = { operations: [], refusals: [], flows: [], intruders: [] }
