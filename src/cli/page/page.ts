import { PageServer } from '../../controller/page/page-server.ts'
import type { ListenAddress } from '../../model/listening.ts'
import { pageHtml, type ServedBy, troublesHtml } from '../../page/page.ts'
import { readQuery } from '../../page/query.ts'
import { script } from '../../page/script.ts'
import { icon, style } from '../../page/style.ts'
import type { Answer } from '../../telemetry/http.ts'
import type { ListenState } from '../../telemetry/listen.ts'
import type { ApiClient } from '../../watch/api/client.ts'
import { ClusterNow } from './cluster-now.ts'
import { detailOf, whereaboutsIn } from './opened.ts'

interface PageOptions {
  readonly client: ApiClient
  readonly listen: ListenAddress
  readonly servedBy: ServedBy
  readonly onState: (state: ListenState, port: number) => void
}

/** A page that is being served. */
export interface ServedPage {
  close(): Promise<void>
}

const ASSETS: ReadonlyMap<string, Answer> = new Map([
  ['/page.css', { status: 200, type: 'text/css; charset=utf-8', body: style }],
  ['/page.js', { status: 200, type: 'text/javascript; charset=utf-8', body: script }],
  ['/icon.svg', { status: 200, type: 'image/svg+xml', body: icon }],
])

/** Serves the page until it is closed. Never throws: an address in use is told, and tried again. */
export function servePage({ client, listen, servedBy, onState }: PageOptions): ServedPage {
  const cluster = new ClusterNow({ client, changed: () => server.changed() })
  const server: PageServer = new PageServer({
    listen,
    assets: ASSETS,
    page: (query) => pageFor(query, cluster, servedBy),
    viewers: (count) => cluster.watchedBy(count),
    onState: (state) => onState(state, server.port),
  })
  return {
    close() {
      cluster.close()
      return server.close()
    },
  }
}

async function pageFor(
  parameters: URLSearchParams,
  cluster: ClusterNow,
  servedBy: ServedBy,
): Promise<Answer> {
  const state = await cluster.get()
  const { known, input, view, troubles } = state
  if (!known.lists.isWhole) return page(503, troublesHtml(troubles, servedBy))
  const query = readQuery((name) => parameters.get(name))
  const service = query.service === '' ? undefined : detailOf(query.service, known, input)
  const found = query.to === '' ? undefined : await whereaboutsIn(state, query)
  return page(200, pageHtml({ view, query, service, found, troubles, servedBy }))
}

function page(status: number, body: string): Answer {
  return { status, type: 'text/html; charset=utf-8', body }
}
