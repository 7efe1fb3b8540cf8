import type { ForeignCommit } from '../apply/nftables/monitor.ts'
import type { Refusal } from '../exempt/exemption.ts'
import type { SessionRenderer } from '../exempt/session-renderer.ts'
import type { ConnectionCount } from '../frontend/connection-totals.ts'
import type { FrontendChange, ServedFrontends } from '../frontend/frontend-change.ts'
import type { Owner } from '../frontend/label-text.ts'
import type { Group } from '../plan/explain.ts'
import type { Ownership } from '../plan/nftables/ownership.ts'
import type { Holder } from './claims.ts'
import type { Failed } from './outcome.ts'

/**
 * Knows what was programmed, so that a change costs only what it changes. Each backend has its own.
 */
export interface Session extends Holder {
  /** Takes the objects; `sync` commits what it renders. */
  readonly renderer: SessionRenderer
  readonly ownership: Ownership
  /**
   * Returns why the kernel may differ from the last commit; undefined if it is known to be the
   * same. This costs almost nothing.
   */
  doubt(): string | undefined
  /** Notes that what is programmed may have been changed: the next `sync` compares all of it. */
  distrust(reason: string): void
  /** What the session was started with has changed, so that a new session is needed. */
  readonly outdated?: boolean
  /** Commits what changed in the renderer since the last call. */
  sync(): Promise<Synced>
  /** Compares all that is programmed with what is rendered, and repairs it. */
  verify(): Promise<Verified>
  /** Returns where the currently rendered frontends lead. */
  served(): ServedFrontends
  /**
   * Returns the Services that were refused, which stay as the kernel has them; the others go on
   * without them.
   */
  refusals(): ReadonlyMap<Owner, Refusal>
  /** Makes the next `sync` try refused Services again, as it does when their objects change. */
  retryRefused(): void
  /**
   * Calls the listener when others changed, or may have changed, what is nodelb's: time to
   * `sync`. Returns a function that stops it.
   */
  onForeign(listener: (change: ForeignChange) => void): () => void
  /**
   * Returns what the kernel has counted at each frontend. With nftables there are counters only if
   * the settings ask for them. Rejects with NetlinkError.
   */
  connections(): Promise<Connections>
  /** Ends the session; what is programmed stays. */
  close(): void
}

/** What others changed; `process` names who, or how it was noticed. */
export type ForeignChange = Pick<ForeignCommit, 'touchesUs' | 'pid' | 'process'>

export interface SessionOptions {
  /** The default is `kernel`, where the kernel supports it (ADR 0011). */
  readonly ownership?: Ownership
  /** Reports commits by others as they happen, until `close`. */
  readonly watch?: boolean
}

export type Started<Begun extends Session = Session> =
  | {
      readonly kind: 'started'
      readonly session: Begun
      readonly first: Committed
      /** The flavour of iptables and why it was chosen; only for that backend. */
      readonly flavour?: string
    }
  | { readonly kind: 'failed'; readonly outcome: Failed }

export type Connections =
  | { readonly kind: 'counted'; readonly counts: readonly ConnectionCount[] }
  | Failed

export type Synced = Committed | Failed

/** The kernel holds what is rendered. */
export interface Committed {
  readonly kind: 'committed'
  readonly operations: number
  readonly bytes: number
  /** Services that this commit had to leave as they were. */
  readonly refusals: readonly Refusal[]
  /** Empty at the start, where flows of any kind may be stale. */
  readonly changes: readonly FrontendChange[]
  /** Why the kernel had to be read again; missing if it was not. */
  readonly reread?: string
}

export interface Drift {
  readonly kind: 'verified'
  /** What others had changed and was repaired, by Service. */
  readonly repaired: readonly Group[]
  readonly operations: number
  readonly changes: readonly FrontendChange[]
}

export type Verified = Drift | Failed
