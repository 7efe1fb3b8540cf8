import type { ForeignCommit } from '../apply/nftables/monitor.ts'
import type { FrontendChange, ServedFrontends } from '../frontend/frontend-change.ts'
import type { Owner } from '../frontend/label-text.ts'
import type { Group } from '../plan/explain.ts'
import type { Ownership } from '../plan/nftables/ownership.ts'
import type { Renderer } from '../render/renderer.ts'
import type { Holder } from './claims.ts'
import type { Failed, Refusal } from './outcome.ts'

/** Knows what was programmed, so that a change costs what it changes. One for each backend. */
export interface Session extends Holder {
  /** Takes the objects; what it renders is committed by `settle`. */
  readonly renderer: SessionRenderer
  readonly ownership: Ownership
  /**
   * Why the kernel may differ from what was last committed; undefined: it is known to hold that. Costs
   * next to nothing.
   */
  doubt(): string | undefined
  /** What is programmed may have been changed: the next `settle` compares all of it. */
  distrust(reason: string): void
  /** What it was started with is not so any more: another one has to be. */
  readonly outdated?: boolean
  /** Commits what changed in the renderer since the last call. */
  settle(): Promise<Settled>
  /** Compares all that is programmed with what shall be, and repairs it. */
  verify(): Promise<Verified>
  /** Returns where the frontends lead that are rendered now. */
  served(): ServedFrontends
  /** Services that were refused, as the kernel holds them or not; the others go on without them. */
  refusals(): ReadonlyMap<Owner, Refusal>
  /** The next `settle` tries refused Services again, as it does when their objects change. */
  retryRefused(): void
  /** Calls the listener when others changed what is nodelb's, or may have: time to `settle`. */
  onForeign(listener: (change: ForeignChange) => void): () => void
  /** What is programmed stays. */
  close(): void
}

export interface SessionRenderer
  extends Pick<
    Renderer,
    | 'setService'
    | 'removeService'
    | 'setSlice'
    | 'removeSlice'
    | 'changeOtherNodes'
    | 'ruleset'
    | 'denials'
    | 'takeDenials'
    | 'label'
    | 'nameOf'
    | 'services'
    | 'situation'
  > {
  /** Of a Service that can be read again, nothing of before has to be kept. */
  release(name: string): void
}

/** What others did; `process` names who, or what it was noticed by. */
export type ForeignChange = Pick<ForeignCommit, 'touchesUs' | 'pid' | 'process'>

export interface SessionOptions {
  /** Default: `kernel`, where the kernel can (ADR 0011). */
  readonly ownership?: Ownership
  /** Hears of commits by others as they happen; `close` ends it. */
  readonly watch?: boolean
}

export type Started<Begun extends Session = Session> =
  | {
      readonly kind: 'started'
      readonly session: Begun
      readonly first: Committed
      /** Of iptables: which flavour, and why that. */
      readonly flavour?: string
    }
  | { readonly kind: 'failed'; readonly outcome: Failed }

export type Settled = Committed | Failed

/** The kernel holds what is rendered. */
export interface Committed {
  readonly kind: 'committed'
  readonly operations: number
  readonly bytes: number
  /** Services that this commit had to leave as they were. */
  readonly refusals: readonly Refusal[]
  /** None at the start, where flows of any kind may be stale. */
  readonly changes: readonly FrontendChange[]
  /** Why what is programmed had to be read again. */
  readonly reread?: string
}

export interface Drift {
  readonly kind: 'verified'
  /** What others had changed and is repaired, by Service. */
  readonly repaired: readonly Group[]
  readonly operations: number
  readonly changes: readonly FrontendChange[]
}

export type Verified = Drift | Failed
