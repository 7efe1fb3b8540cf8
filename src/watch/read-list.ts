import { valueAt } from '../decode/fields.ts'
import type { Answer } from './api/answer.ts'
import type { ApiClient } from './api/client.ts'
import { fetchPage } from './list-page.ts'
import { pathOf, type Selection } from './selection.ts'
import { parseJson } from './watch-event.ts'

/** All objects of a selection, as they came. */
interface ReadList {
  readonly items: readonly unknown[]
  /** Why they are not all; undefined if they are. */
  readonly trouble: string | undefined
}

/** The number of objects per page, the same as in client-go. */
const PAGE = '500'

/**
 * Reads a list from the API server once, in pages. A kind that the server does not know has no
 * objects if it `mayBeMissing`. Never rejects.
 */
export async function readList(
  client: ApiClient,
  selection: Selection,
  mayBeMissing: boolean,
  signal: AbortSignal,
): Promise<ReadList> {
  const items: unknown[] = []
  let from: string | undefined
  do {
    const query = { limit: PAGE, ...(from !== undefined && { continue: from }) }
    const page = await fetchPage(client, pathOf(selection, query), signal, (item) => {
      items.push(item)
    })
    if (page.kind !== 'page') return withoutAll(page, items, mayBeMissing)
    from = page.next
  } while (from !== undefined)
  return { items, trouble: undefined }
}

function withoutAll(answer: Answer, items: readonly unknown[], mayBeMissing: boolean): ReadList {
  if (answer.kind === 'broken') return { items, trouble: answer.reason }
  if (answer.status === 404 && mayBeMissing) return { items: [], trouble: undefined }
  const message = valueAt(parseJson(answer.text), ['message'])
  const said = typeof message === 'string' ? `: ${message}` : ''
  return { items, trouble: `the server answers ${answer.status}${said}` }
}
