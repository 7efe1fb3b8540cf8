import { unreachable } from '../model/unreachable.ts'

/**
 * The way to ask for all objects of a resource. `stream`: by a watch that begins with all of them
 * (KEP-3157). `cache`: by a list from the API server's memory. `store`: by a list from etcd, in
 * pages. This is the newest state, but costly for the API server when a thousand nodes ask at once.
 */
export type Way = 'stream' | 'cache' | 'store'

/** The number of objects per page, the same as in client-go. */
const PAGE = '500'

/**
 * Decides which way to ask next. No answer is older than what is already known: given a version,
 * the server answers with one that is not older, or says that it cannot.
 */
export class ListPlan {
  /** True until the server shows that it does not support streams; it is asked only once. */
  #streams = true
  /** True until a list from the cache comes in pages, which shows that there is no cache. */
  #caches = true
  /** Whether the server could not answer from its cache; true until a list is whole. */
  #wantsStore = false

  /** Returns the way to try next. */
  way(): Way {
    if (this.#wantsStore) return 'store'
    if (this.#streams) return 'stream'
    return this.#caches ? 'cache' : 'store'
  }

  /** Returns the query of the first request, given the version up to which all is known. */
  query(way: Way, known: string | undefined): Readonly<Record<string, string>> {
    switch (way) {
      case 'stream':
        return {
          sendInitialEvents: 'true',
          resourceVersionMatch: 'NotOlderThan',
          resourceVersion: known ?? '',
        }
      case 'cache':
        // Version 0 means any version that the server has. With another version, a limit would make
        // the server ask etcd.
        return known === undefined
          ? { resourceVersion: '0', limit: PAGE }
          : { resourceVersion: known, resourceVersionMatch: 'NotOlderThan' }
      case 'store':
        return { limit: PAGE }
      default:
        return unreachable(way)
    }
  }

  /** Returns the query of the next page. */
  nextPage(token: string): Readonly<Record<string, string>> {
    return { limit: PAGE, continue: token }
  }

  /** Notes that all objects came, in that many pages. */
  succeeded(way: Way, pages: number): void {
    this.#wantsStore = false
    if (way === 'cache' && pages > 1) this.#caches = false
  }

  /**
   * Notes that the server ended a stream before all objects came, as a server does that takes it
   * for an ordinary watch.
   */
  broke(way: Way): void {
    if (way === 'stream') this.#streams = false
  }

  /** Notes that the server refused a request. Returns whether another way may succeed at once. */
  refused(way: Way, status: number): boolean {
    // The server's cache has not reached that version yet, or its history begins later.
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
