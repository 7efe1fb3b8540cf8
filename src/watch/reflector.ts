import { setTimeout as pause } from 'node:timers/promises'
import { unreachable } from '../model/unreachable.ts'
import type { Answered } from './api/answer.ts'
import type { ApiClient } from './api/client.ts'
import { startBackoff } from './backoff.ts'
import { valueAt } from './fields.ts'
import { describe } from './problem.ts'
import { sayChanges } from './say-changes.ts'
import { pathOf, type Selection, selectionOf } from './selection.ts'
import type { Resource, Sink, SourceState } from './source.ts'
import { identityOf, keyOf, parseJson, readWatchEvent } from './watch-event.ts'

export interface Reflection {
  readonly client: ApiClient
  readonly resource: Resource
  /** Of the Nodes only this one is followed; undefined: all. */
  readonly node: string | undefined
  readonly sink: Sink
  readonly onState: (state: SourceState) => void
  /** Something in a list or a watch was no object, and passed over: told once for each. */
  readonly onGarbage: (found: string) => void
  readonly signal: AbortSignal
  readonly pace?: Pace
}

/** Milliseconds. */
export interface Pace {
  /** A watch is asked to last between this and twice this, so that not all end together. */
  readonly watch: number
  /** Bookmarks come every minute: after the first of a watch, silence for so long is an end. */
  readonly silence: number
  /** How much later than it should a watch may end. */
  readonly overtime: number
}

const usualPace: Pace = { watch: 300_000, silence: 150_000, overtime: 30_000 }

/** Objects per page, as client-go asks. */
const PAGE = '500'
/** A watch that said nothing counts as good if it lasted so long. */
const GOOD_MS = 5_000

/** What became of a list or a watch. */
type Step = { readonly kind: 'done' } | Failure

interface Failure {
  readonly kind: 'failed'
  readonly reason: string
  /** At least so long. */
  readonly retryAfterMs: number
  /** What was listed is of no use any more: a new list is needed. */
  readonly expired: boolean
}

const done: Step = { kind: 'done' }

/** Tells all objects of a resource, then every change, until aborted: no failure ends it. */
export async function reflect(reflection: Reflection): Promise<void> {
  await new Reflector(reflection).run()
}

class Reflector {
  readonly #options: Reflection
  readonly #pace: Pace
  readonly #say: (state: SourceState) => void
  readonly #backoff = startBackoff()
  #selection: Selection
  /** Up to where we know; undefined before a list. */
  #version: string | undefined

  constructor(options: Reflection) {
    this.#options = options
    this.#pace = options.pace ?? usualPace
    this.#say = sayChanges(options.onState)
    this.#selection = selectionOf(options.resource, options.node)
  }

  async run(): Promise<void> {
    const { signal } = this.#options
    while (!signal.aborted) {
      const step = await (this.#version === undefined ? this.#list() : this.#watch(this.#version))
      if (step.kind === 'done' || signal.aborted) continue
      if (step.expired) this.#version = undefined
      const retryMs = Math.max(this.#backoff.next(), step.retryAfterMs)
      this.#say({ kind: 'lost', reason: step.reason, retryMs })
      await pause(retryMs, undefined, { signal }).catch(() => {})
    }
  }

  /**
   * Page by page, each told at once. Without resourceVersion=0, with which the server would ignore
   * the limit, and could answer from a cache that is older than what the node already has.
   */
  async #list(): Promise<Step> {
    this.#say({ kind: 'listing' })
    const { client, resource, sink, signal } = this.#options
    const names = new Set<string>()
    let page: Page = { items: [], resourceVersion: '', next: undefined }
    do {
      const from = page.next === undefined ? {} : { continue: page.next }
      const path = pathOf(this.#selection, { limit: PAGE, ...from })
      const answer = await client.fetch({ path, signal })
      if (signal.aborted) return done
      if (answer.kind === 'broken') return this.#failed('list', answer.reason)
      if (answer.status !== 200) return this.#refused('list', answer)
      const read = readPage(answer.text)
      if (read === undefined) return this.#failed('list', `no list: ${describe(answer.text)}`)
      page = read
      this.#tellPage(page, names)
    } while (page.next !== undefined)
    this.#version = page.resourceVersion
    sink({ kind: 'listed', resource, names })
    return done
  }

  #tellPage({ items }: Page, names: Set<string>): void {
    const { resource, sink, onGarbage } = this.#options
    for (const object of items) {
      const identity = identityOf(object)
      if (identity === undefined) {
        onGarbage(`an item of a list without a name: ${describe(object)}`)
        continue
      }
      names.add(keyOf(identity))
      sink({ kind: 'object', resource, object })
    }
  }

  async #watch(from: string): Promise<Step> {
    const { client, signal } = this.#options
    const lasts = this.#pace.watch * (1 + Math.random())
    const began = Date.now()
    const watch: Watch = { heard: false, bookmarked: false, garbage: 0, error: undefined }
    const ending = await client.follow({
      path: pathOf(this.#selection, {
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: from,
        timeoutSeconds: String(Math.ceil(lasts / 1000)),
      }),
      signal,
      onOpen: () => this.#say({ kind: 'following', resourceVersion: from }),
      onLine: (line) => this.#take(line, watch),
      silenceMs: () => (watch.bookmarked ? this.#pace.silence : lasts + this.#pace.overtime),
    })
    const good = watch.heard || Date.now() - began >= GOOD_MS
    if (good) this.#backoff.reset()
    // What could not be read may have been a change: a list will tell.
    if (watch.garbage > 0) this.#version = undefined
    if (watch.error !== undefined) return this.#failed('watch', watch.error, { expired: true })
    switch (ending.kind) {
      case 'broken':
        return this.#failed('watch', ending.reason)
      case 'answered':
        return this.#refused('watch', ending)
      case 'ended':
        return good ? done : this.#failed('watch', 'the server ended it at once')
      default:
        return unreachable(ending)
    }
  }

  #take(line: string, watch: Watch): void {
    const { resource, sink, onGarbage } = this.#options
    const event = readWatchEvent(line)
    switch (event.kind) {
      case 'garbage':
        if (watch.garbage++ === 0) onGarbage(event.found)
        return
      case 'error':
        watch.error = `${event.code}: ${event.message}`
        return
      case 'object':
        sink({ kind: 'object', resource, object: event.object })
        break
      case 'deleted':
        sink({ kind: 'deleted', resource, namespace: event.namespace, name: event.name })
        break
      case 'bookmark':
        watch.bookmarked = true
        break
      default:
        unreachable(event)
    }
    watch.heard = true
    this.#version = event.resourceVersion
  }

  /** An answer with a status that is not 200. */
  #refused(verb: string, { status, text, retryAfterMs }: Answered): Step {
    if (status === 400 && this.#selection.instead !== undefined) {
      this.#selection = this.#selection.instead
      return done
    }
    if (status === 401) this.#options.client.forgetCredentials()
    const message = valueAt(parseJson(text), ['message'])
    const said = typeof message === 'string' ? message : describe(text)
    return this.#failed(verb, `${status}: ${said}`, {
      retryAfterMs: retryAfterMs ?? 0,
      expired: status === 410,
    })
  }

  #failed(verb: string, what: string, more: Partial<Failure> = {}): Failure {
    const reason = `${verb} ${this.#options.resource}: ${what}`
    return { kind: 'failed', reason, retryAfterMs: 0, expired: false, ...more }
  }
}

/** What was heard from one watch. */
interface Watch {
  heard: boolean
  bookmarked: boolean
  garbage: number
  /** The server says that this watch cannot go on. */
  error: string | undefined
}

interface Page {
  readonly items: readonly unknown[]
  readonly resourceVersion: string
  /** Where the next page begins. */
  readonly next: string | undefined
}

function readPage(text: string): Page | undefined {
  const list = parseJson(text)
  const items = valueAt(list, ['items'])
  const resourceVersion = valueAt(list, ['metadata', 'resourceVersion'])
  const next = valueAt(list, ['metadata', 'continue'])
  if (typeof resourceVersion !== 'string') return undefined
  return {
    // Go writes null for an empty list.
    items: Array.isArray(items) ? items : [],
    resourceVersion,
    next: typeof next === 'string' && next !== '' ? next : undefined,
  }
}
