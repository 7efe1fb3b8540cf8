import type { FrontendChange, NotedChange } from '../../frontend/frontend-change.ts'
import type { Address } from '../../model/address.ts'
import type { ShownOperation } from '../../plan/explain.ts'
import type { ElementId } from '../../plan/ipvs/elements.ts'
import type { IpvsPlan } from '../../plan/ipvs/operation.ts'
import type { ServerKey } from '../../ruleset/ipvs/types.ts'
import type { ElementValue } from '../../ruleset/nftables/types.ts'
import type { Refusal } from '../outcome.ts'

/** What is to be done between the two halves of the tables' plan. */
export interface IpvsTask {
  readonly plan: IpvsPlan
  /** The name of the interface. */
  readonly dummy: string
  /** What the kernel held of an element when it was planned. */
  readonly before: (element: ElementId) => ElementValue | undefined
  /** What flows have to follow. */
  readonly flows: readonly NotedChange[]
  /** Whether an address had a server. */
  readonly served: (address: Address) => boolean
  /** The label of a server that is not rendered any more. */
  readonly formerLabel: (server: ServerKey) => string | undefined
}

/** What commits did since it was last asked. */
export interface IpvsDone {
  readonly operations: readonly ShownOperation[]
  readonly refusals: readonly Refusal[]
  readonly flows: readonly NotedChange[]
  /** Virtual servers that somebody else made where ours should be. */
  readonly intruders: readonly ServerKey[]
}

/** The same with what it means for frontends. */
export interface IpvsOutcome extends Omit<IpvsDone, 'flows'> {
  readonly changes: readonly FrontendChange[]
}

export const NOTHING: IpvsDone = { operations: [], refusals: [], flows: [], intruders: [] }
