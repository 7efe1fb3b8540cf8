import { valueAt } from '../decode/fields.ts'
import { describe } from '../decode/problem.ts'

/** One object of a watch's stream (KEP-956 for bookmarks). */
export type WatchEvent =
  | { readonly kind: 'object'; readonly object: unknown; readonly resourceVersion: string }
  | ({ readonly kind: 'deleted'; readonly resourceVersion: string } & Identity)
  /** Nothing changed up to here. */
  | {
      readonly kind: 'bookmark'
      readonly resourceVersion: string
      /** What the watch began with, all objects, has been told (KEP-3157). */
      readonly initialEnd: boolean
    }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  | { readonly kind: 'garbage'; readonly found: string }

interface Identity {
  /** Empty for an object of the cluster, such as a Node. */
  readonly namespace: string
  readonly name: string
}

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
  return garbage(type, 'that nobody knows')
}

function isEnd(bookmark: unknown): boolean {
  return valueAt(bookmark, ['metadata', 'annotations', 'k8s.io/initial-events-end']) === 'true'
}

export function identityOf(object: unknown): Identity | undefined {
  const name = valueAt(object, ['metadata', 'name'])
  const namespace = valueAt(object, ['metadata', 'namespace']) ?? ''
  if (typeof name !== 'string' || name === '' || typeof namespace !== 'string') return undefined
  return { namespace, name }
}

/** `namespace/name`, or the name of what is in no namespace. */
export function keyOf({ namespace, name }: Identity): string {
  return namespace === '' ? name : `${namespace}/${name}`
}

/** Undefined for what is no JSON: an expected outcome, whoever sent it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A `Status` object in place of what was asked for. */
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
