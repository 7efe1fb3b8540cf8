import type { Problem } from '../decode/problem.ts'
import type { Resource } from './resources.ts'

/** What a source of objects says, in order. Objects are as they came, not decoded. */
export type SourceEvent =
  | {
      readonly kind: 'object'
      readonly resource: Resource
      readonly object: unknown
      /** The file it stands in; absent: the API server. */
      readonly origin?: string
    }
  | {
      readonly kind: 'deleted'
      readonly resource: Resource
      /** Empty for a Node. */
      readonly namespace: string
      readonly name: string
    }
  /** A list has been told whole: what is not in it (keys `namespace/name`) is gone. */
  | { readonly kind: 'listed'; readonly resource: Resource; readonly names: ReadonlySet<string> }

export type Sink = (event: SourceEvent) => void

/** How a source is doing with one resource; told once per change of state. */
export type SourceState =
  | { readonly kind: 'listing' }
  | { readonly kind: 'following'; readonly resourceVersion: string }
  /** The next attempt comes by itself after `retryMs`. */
  | { readonly kind: 'lost'; readonly reason: string; readonly retryMs: number }

/** Who is told what a source finds. */
export interface SourceListener {
  readonly event: Sink
  readonly state: (resource: Resource, state: SourceState) => void
  /** Of the source itself; objects are decoded elsewhere. Told again only when they change. */
  readonly problems: (problems: readonly Problem[]) => void
}

/** Where objects come from. Follows them until aborted and never stops by itself. */
export type Source = (listener: SourceListener, signal: AbortSignal) => Promise<void>
