import type { Problem } from '../decode/problem.ts'
import type { Resource } from './resources.ts'

/** An event of a source of objects, in order. Objects are as they came, not decoded. */
export type SourceEvent =
  | ObjectEvent
  | {
      readonly kind: 'deleted'
      readonly resource: Resource
      /** The namespace, empty for a Node. */
      readonly namespace: string
      readonly name: string
    }
  /** A list is complete: objects that are not in it (keys `namespace/name`) are gone. */
  | { readonly kind: 'listed'; readonly resource: Resource; readonly names: ReadonlySet<string> }

/** An object has come, or has changed. */
export interface ObjectEvent {
  readonly kind: 'object'
  readonly resource: Resource
  readonly object: unknown
  /** The file that the object is in; absent if it comes from the API server. */
  readonly origin?: string
}

export type Sink = (event: SourceEvent) => void

/** The state of a source for one resource, sent once per change. */
export type SourceState =
  | { readonly kind: 'listing' }
  | { readonly kind: 'following'; readonly resourceVersion: string }
  /** The source has failed; it tries again after `retryMs` milliseconds. */
  | { readonly kind: 'lost'; readonly reason: string; readonly retryMs: number }

/** The receiver of what a source finds. */
export interface SourceListener {
  readonly event: Sink
  readonly state: (resource: Resource, state: SourceState) => void
  /**
   * Gets the problems of the source itself; objects are decoded elsewhere. Called only when they
   * change.
   */
  readonly problems: (problems: readonly Problem[]) => void
}

/** Follows objects until `signal` aborts, and never stops by itself. */
export type Source = (listener: SourceListener, signal: AbortSignal) => Promise<void>
