import { valueAt } from '../decode/fields.ts'
import { describe } from '../decode/problem.ts'
import type { Answer } from './api/answer.ts'
import type { ApiClient } from './api/client.ts'
import { parseJson } from './watch-event.ts'

interface Page {
  readonly kind: 'page'
  /** The version of the whole list, the same on each of its pages. */
  readonly resourceVersion: string
  /** The token for the next page; undefined on the last page. */
  readonly next: string | undefined
}

/**
 * Fetches one page of a list and passes its items to `onItem` while they arrive. Until the page is
 * returned, it is unknown whether it is whole. Returns `broken` if it is not, and the answer if its
 * status is not 200. Never rejects.
 */
export async function fetchPage(
  client: ApiClient,
  path: string,
  signal: AbortSignal,
  onItem: (object: unknown) => void,
): Promise<Page | Answer> {
  let garbled: string | undefined
  let list: unknown
  const ending = await client.stream({
    path,
    signal,
    long: true,
    parts: {
      onItem(text) {
        const object = parseJson(text)
        if (object === undefined) garbled ??= text
        else onItem(object)
      },
      onObject(text) {
        list = parseJson(text)
        if (list === undefined) garbled ??= text
        return false
      },
    },
  })
  if (ending.kind === 'garbage') return noList(ending.found)
  if (ending.kind !== 'ended') return ending
  if (garbled !== undefined) return noList(garbled)
  if (ending.unfinished) return { kind: 'broken', reason: 'the list breaks off' }
  return readPage(list)
}

function readPage(list: unknown): Page | Answer {
  const resourceVersion = valueAt(list, ['metadata', 'resourceVersion'])
  const next = valueAt(list, ['metadata', 'continue'])
  if (typeof resourceVersion !== 'string') return noList(JSON.stringify(list))
  return {
    kind: 'page',
    resourceVersion,
    next: typeof next === 'string' && next !== '' ? next : undefined,
  }
}

function noList(found: string | undefined): Answer {
  return { kind: 'broken', reason: `no list: ${describe(found)}` }
}
