import type { Refusal } from '../exempt/exemption.ts'
import type { ReadCluster } from '../exempt/unreadable.ts'
import type { Denial } from '../frontend/denials.ts'
import type { HeldChange } from '../frontend/held-frontend.ts'
import type { NodeView, Settings, Situation } from '../model/node.ts'
import type { ShownOperation } from '../plan/explain.ts'
import type { Holding } from './claims.ts'
import type { Failed } from './outcome.ts'
import type { SessionOptions, Started } from './session.ts'

export interface Goal extends ReadCluster {
  readonly node: NodeView
  readonly settings: Settings
}

/** Programs Services into the kernel with one backend. Its methods reject with NetlinkError. */
export interface Dataplane {
  /** Reads the kernel and returns what is missing there; changes nothing. */
  propose(goal: Goal): Promise<Proposed | Failed>
  /** Reads, plans and commits until the kernel holds what the goal calls for. */
  program(goal: Goal): Promise<Programmed>
  /** Does the same, and returns a session that follows changes. */
  start(goal: Goal, options: SessionOptions): Promise<Started>
}

export interface Proposed {
  readonly kind: 'proposed'
  /** The operations in the order in which they would be performed. */
  readonly operations: Iterable<ShownOperation>
  readonly count: number
  /** Returns what is served before and after the operations. */
  readonly frontends: () => HeldChange
  /** The node as it was rendered for: what its object leaves out comes from the kernel. */
  readonly situation: Situation
  readonly denials: readonly Denial[]
  /** Services that cannot be programmed, as far as this shows without trying. */
  readonly refusals?: readonly Refusal[]
}

export type Programmed =
  | {
      readonly kind: 'committed'
      readonly operations: number
      readonly bytes: number
      readonly services: number
      readonly refusals: readonly Refusal[]
      /** As in `Proposed`. */
      readonly situation: Situation
      readonly denials: readonly Denial[]
      /** The flavour of iptables and why it was chosen; only for that backend. */
      readonly flavour?: string
      readonly holds: Holding
    }
  | Failed
