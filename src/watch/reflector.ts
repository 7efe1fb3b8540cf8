import { setTimeout as pause } from 'node:timers/promises'
import { unreachable } from '../model/unreachable.ts'
import type { Answered } from './api/answer.ts'
import type { ApiClient } from './api/client.ts'
import { startBackoff } from './backoff.ts'
import { valueAt } from './fields.ts'
import { fetchPage } from './list-page.ts'
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
  /** What the latest list had that is no object, and was passed over; undefined: nothing. */
  readonly onGarbage: (found: string | undefined) => void
  readonly signal: AbortSignal
  readonly pace?: Pace
}

/** Milliseconds. */
export interface Pace {
  /** A watch is asked to last between this and twice this, so that not all end together. */
  readonly watch: number
  /** Bookmarks come every minute: a watch that is silent for so long has lost its other end. */
  readonly silence: number
}

const usualPace: Pace = { watch: 300_000, silence: 150_000 }

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
    const { client, resource, sink, onGarbage, signal } = this.#options
    const list: List = { names: new Set(), nameless: undefined }
    let next: string | undefined
    do {
      const from = next === undefined ? {} : { continue: next }
      const path = pathOf(this.#selection, { limit: PAGE, ...from })
      const page = await fetchPage(client, path, signal, (object) => this.#tell(object, list))
      if (signal.aborted) return done
      if (page.kind === 'broken') return this.#failed('list', page.reason)
      if (page.kind === 'answered') return this.#refused('list', page)
      next = page.next
      this.#version = next === undefined ? page.resourceVersion : undefined
    } while (next !== undefined)
    onGarbage(list.nameless)
    sink({ kind: 'listed', resource, names: list.names })
    return done
  }

  #tell(object: unknown, list: List): void {
    const { resource, sink, signal } = this.#options
    if (signal.aborted) return
    const identity = identityOf(object)
    if (identity === undefined) {
      list.nameless ??= `an item of a list without a name: ${describe(object)}`
      return
    }
    list.names.add(keyOf(identity))
    sink({ kind: 'object', resource, object })
  }

  async #watch(from: string): Promise<Step> {
    const { client, signal } = this.#options
    const lasts = this.#pace.watch * (1 + Math.random())
    const began = performance.now()
    const watch: Watch = { heard: false, trouble: undefined }
    const ending = await client.stream({
      path: pathOf(this.#selection, {
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: from,
        timeoutSeconds: String(Math.ceil(lasts / 1000)),
      }),
      signal,
      long: false,
      onOpen: () => this.#say({ kind: 'following', resourceVersion: from }),
      parts: { onObject: (text) => this.#take(text, watch) },
      silenceMs: () => this.#pace.silence,
    })
    // A change may be among what could not be read: a list will tell.
    if (ending.kind === 'garbage') {
      return this.#failed('watch', noEvent(describe(ending.found)), { expired: true })
    }
    if (watch.trouble !== undefined) return this.#failed('watch', watch.trouble, { expired: true })
    const good = watch.heard || performance.now() - began >= GOOD_MS
    if (good) this.#backoff.reset()
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

  /** Whether the watch can go on. */
  #take(text: string, watch: Watch): boolean {
    const { resource, sink, signal } = this.#options
    if (signal.aborted) return false
    const event = readWatchEvent(text)
    switch (event.kind) {
      case 'garbage':
        watch.trouble = noEvent(event.found)
        return false
      case 'error':
        watch.trouble = `${event.code}: ${event.message}`
        return false
      case 'object':
        sink({ kind: 'object', resource, object: event.object })
        break
      case 'deleted':
        sink({ kind: 'deleted', resource, namespace: event.namespace, name: event.name })
        break
      case 'bookmark':
        break
      default:
        unreachable(event)
    }
    watch.heard = true
    this.#version = event.resourceVersion
    return true
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
  /** Why it cannot go on. */
  trouble: string | undefined
}

/** What one list has told so far. */
interface List {
  readonly names: Set<string>
  /** The first item that is no object. */
  nameless: string | undefined
}

function noEvent(found: string): string {
  return `no event: ${found}`
}
