import { unreachable } from '../model/unreachable.ts'

/**
 * How all objects of a resource are asked for. `stream`: by a watch that begins with all of them
 * (KEP-3157). `cache`: by a list out of the API server's memory. `store`: by a list out of etcd, in
 * pages, which is the newest state, and what the API server would rather not do for a thousand nodes
 * at once.
 */
export type Way = 'stream' | 'cache' | 'store'

/** Objects per page, as client-go asks. */
const PAGE = '500'

/**
 * Which way comes next. Nothing that is told is older than what was known before: with a version the
 * server answers with one that is not older, or says that it cannot.
 */
export class ListPlan {
  /** Until the server shows that it knows no streams; it is asked once. */
  #streams = true
  /** Until a list out of the cache comes in pages, which says that there is no cache. */
  #caches = true
  /** The server could not answer from its cache; holds until a list is whole. */
  #wantsStore = false

  way(): Way {
    if (this.#wantsStore) return 'store'
    if (this.#streams) return 'stream'
    return this.#caches ? 'cache' : 'store'
  }

  /** The query of the first request, given the version up to which all is known. */
  query(way: Way, known: string | undefined): Readonly<Record<string, string>> {
    switch (way) {
      case 'stream':
        return {
          sendInitialEvents: 'true',
          resourceVersionMatch: 'NotOlderThan',
          resourceVersion: known ?? '',
        }
      case 'cache':
        // Version 0 is whatever the server has. With another, a limit would make it ask etcd.
        return known === undefined
          ? { resourceVersion: '0', limit: PAGE }
          : { resourceVersion: known, resourceVersionMatch: 'NotOlderThan' }
      case 'store':
        return { limit: PAGE }
      default:
        return unreachable(way)
    }
  }

  /** The query of the next page. */
  nextPage(token: string): Readonly<Record<string, string>> {
    return { limit: PAGE, continue: token }
  }

  /** All was told, in that many pages. */
  succeeded(way: Way, pages: number): void {
    this.#wantsStore = false
    if (way === 'cache' && pages > 1) this.#caches = false
  }

  /** The server ended a stream before all was told, as one does that takes it for a common watch. */
  broke(way: Way): void {
    if (way === 'stream') this.#streams = false
  }

  /** Whether another way may do better at once. */
  refused(way: Way, status: number): boolean {
    // 410 and 504: its cache has not got there yet, or its history begins later.
    if (way !== 'store' && (status === 410 || status === 504)) {
      this.#wantsStore = true
      return true
    }
    const known = status === 401 || status === 429 || status >= 500
    if (way !== 'stream' || known) return false
    this.#streams = false
    return true
  }
}
