import { valueAt } from '../decode/fields.ts'
import { describe } from '../decode/problem.ts'

/** One event in the stream of a watch (KEP-956 for bookmarks). */
export type WatchEvent =
  | { readonly kind: 'object'; readonly object: unknown; readonly resourceVersion: string }
  | ({ readonly kind: 'deleted'; readonly resourceVersion: string } & Identity)
  /** Nothing else changed up to this version. */
  | {
      readonly kind: 'bookmark'
      readonly resourceVersion: string
      /** Whether all objects that the watch began with have come (KEP-3157). */
      readonly initialEnd: boolean
    }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  | { readonly kind: 'garbage'; readonly found: string }

interface Identity {
  /** The namespace, empty for a cluster-wide object such as a Node. */
  readonly namespace: string
  readonly name: string
}

/**
 * Reads one event; returns `garbage` if it is no JSON or lacks a version, a name or a known type.
 */
export function readWatchEvent(line: string): WatchEvent {
  const event = parseJson(line)
  if (event === undefined) return { kind: 'garbage', found: describe(line) }
  const type = valueAt(event, ['type'])
  const object = valueAt(event, ['object'])
  if (type === 'ERROR') return errorOf(object)
  const resourceVersion = valueAt(object, ['metadata', 'resourceVersion'])
  if (typeof resourceVersion !== 'string') return garbage(type, 'without a resourceVersion')
  if (type === 'BOOKMARK') return { kind: 'bookmark', resourceVersion, initialEnd: isEnd(object) }
  const identity = identityOf(object)
  if (identity === undefined) return garbage(type, 'without a name')
  if (type === 'DELETED') return { kind: 'deleted', ...identity, resourceVersion }
  if (type === 'ADDED' || type === 'MODIFIED') return { kind: 'object', object, resourceVersion }
  return garbage(type, 'that nodelb does not know')
}

function isEnd(bookmark: unknown): boolean {
  return valueAt(bookmark, ['metadata', 'annotations', 'k8s.io/initial-events-end']) === 'true'
}

/** Returns the namespace and name of an object; undefined if it has no name. */
export function identityOf(object: unknown): Identity | undefined {
  const name = valueAt(object, ['metadata', 'name'])
  const namespace = valueAt(object, ['metadata', 'namespace']) ?? ''
  if (typeof name !== 'string' || name === '' || typeof namespace !== 'string') return undefined
  return { namespace, name }
}

/** Returns `namespace/name`, or the name alone without a namespace. */
export function keyOf({ namespace, name }: Identity): string {
  return namespace === '' ? name : `${namespace}/${name}`
}

/** Parses JSON; returns undefined for text that is none, an expected outcome from any sender. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Reads a `Status` object, which the server sends in place of an event's object. */
function errorOf(status: unknown): WatchEvent {
  const code = valueAt(status, ['code'])
  const message = valueAt(status, ['message'])
  return {
    kind: 'error',
    code: typeof code === 'number' ? code : 500,
    message: typeof message === 'string' ? message : describe(status),
  }
}

function garbage(type: unknown, what: string): WatchEvent {
  return { kind: 'garbage', found: `an event ${describe(type)} ${what}` }
}
