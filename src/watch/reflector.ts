import { setTimeout as pause } from 'node:timers/promises'
import { valueAt } from '../decode/fields.ts'
import { describe } from '../decode/problem.ts'
import { Waits } from '../model/retry.ts'
import { unreachable } from '../model/unreachable.ts'
import type { Answered } from './api/answer.ts'
import type { ApiClient } from './api/client.ts'
import { fetchPage } from './list-page.ts'
import { ListPlan, type Way } from './list-plan.ts'
import { addTo, type Listing, startListing } from './listing.ts'
import { AGAIN, GOOD_MS, type Pace, usualPace } from './reflector-pace.ts'
import { type Resource, resources } from './resources.ts'
import { sayChanges } from './say-changes.ts'
import { pathOf, type Selection, selectionOf } from './selection.ts'
import type { Sink, SourceState } from './source.ts'
import { type Progress, watch } from './watch.ts'
import { keyOf, parseJson } from './watch-event.ts'

interface Reflection {
  readonly client: ApiClient
  readonly resource: Resource
  /** The only Node that is followed; all are if this is undefined. */
  readonly node: string | undefined
  /** The only namespace that is followed; all are if this is missing. */
  readonly namespace?: string | undefined
  readonly sink: Sink
  readonly onState: (state: SourceState) => void
  /** Gets what in the latest list is no object and was passed over; undefined if nothing. */
  readonly onGarbage: (found: string | undefined) => void
  readonly signal: AbortSignal
  readonly pace?: Pace
}

/** The outcome of a list or a watch. */
type Step = { readonly kind: 'done' } | Failure

interface Failure {
  readonly kind: 'failed'
  readonly reason: string
  /** The shortest wait before the next attempt, in milliseconds. */
  readonly retryAfterMs: number
  /** Whether the listed version can no longer be followed, so that a new list is needed. */
  readonly expired: boolean
}

const done: Step = { kind: 'done' }

/**
 * Sends all objects of a resource to `sink`, then every change, until `signal` aborts. No failure
 * ends it.
 */
export async function reflect(reflection: Reflection): Promise<void> {
  await new Reflector(reflection).run()
}

class Reflector {
  readonly #options: Reflection
  readonly #pace: Pace
  readonly #say: (state: SourceState) => void
  readonly #backoff = new Waits(AGAIN)
  readonly #plan = new ListPlan()
  #selection: Selection
  /** The resourceVersion up to which all is known. */
  #version: string | undefined
  /**
   * Whether changes can be followed from `#version`; otherwise all objects have to be listed again.
   */
  #followed = false

  constructor(options: Reflection) {
    this.#options = options
    this.#pace = options.pace ?? usualPace
    this.#say = sayChanges(options.onState)
    this.#selection = selectionOf(options.resource, options)
  }

  async run(): Promise<void> {
    const { signal } = this.#options
    while (!signal.aborted) {
      const step = await this.#step()
      if (step.kind === 'done' || signal.aborted) continue
      if (step.expired) this.#followed = false
      const retryMs = Math.max(this.#backoff.next(), step.retryAfterMs)
      this.#say({ kind: 'lost', reason: step.reason, retryMs })
      await pause(retryMs, undefined, { signal }).catch(() => {})
    }
  }

  #step(): Promise<Step> {
    if (this.#followed && this.#version !== undefined) return this.#watch(this.#version)
    this.#say({ kind: 'listing' })
    const way = this.#plan.way()
    return way === 'stream' ? this.#stream() : this.#list(way)
  }

  async #list(way: 'cache' | 'store'): Promise<Step> {
    const { client, signal } = this.#options
    const list = startListing()
    let query: Readonly<Record<string, string>> | undefined = this.#plan.query(way, this.#version)
    for (let pages = 1; query !== undefined; pages++) {
      const path = pathOf(this.#selection, query)
      const page = await fetchPage(client, path, signal, (object) => this.#tell(object, list))
      if (signal.aborted) return done
      if (page.kind === 'broken') return this.#failed('list', page.reason)
      if (page.kind === 'answered') return this.#refused('list', page, way)
      query = page.next === undefined ? undefined : this.#plan.nextPage(page.next)
      if (query === undefined) this.#toldAll(way, list, page.resourceVersion, pages)
    }
    return done
  }

  #tell(object: unknown, list: Listing): void {
    const { resource, sink, signal } = this.#options
    if (signal.aborted) return
    if (addTo(list, object)) sink({ kind: 'object', resource, object })
  }

  #toldAll(way: Way, { names, nameless }: Listing, version: string, pages: number): void {
    const { resource, sink, onGarbage } = this.#options
    this.#plan.succeeded(way, pages)
    this.#version = version
    this.#followed = true
    onGarbage(nameless)
    sink({ kind: 'listed', resource, names })
  }

  /** Starts a watch that begins with all objects; a bookmark tells where they end. */
  #stream(): Promise<Step> {
    const list = startListing()
    let initial = true
    const query = this.#plan.query('stream', this.#version)
    return this.#watchBy(
      'stream',
      query,
      () => {},
      (event) => {
        if (!initial) return this.#take(event)
        if (event.kind === 'object') return this.#tell(event.object, list)
        if (event.kind === 'deleted') list.names.delete(keyOf(event))
        if (event.kind === 'deleted' || !event.initialEnd) return
        initial = false
        this.#toldAll('stream', list, event.resourceVersion, 1)
        this.#say({ kind: 'following', resourceVersion: event.resourceVersion })
      },
    )
  }

  #watch(from: string): Promise<Step> {
    const onOpen = (): void => this.#say({ kind: 'following', resourceVersion: from })
    return this.#watchBy(undefined, { resourceVersion: from }, onOpen, (event) => this.#take(event))
  }

  async #watchBy(
    way: 'stream' | undefined,
    query: Readonly<Record<string, string>>,
    onOpen: () => void,
    onEvent: (event: Progress) => void,
  ): Promise<Step> {
    const { client, signal } = this.#options
    const lasts = this.#pace.watch * (1 + Math.random())
    const timeoutSeconds = String(Math.ceil(lasts / 1000))
    const began = performance.now()
    let [open, heard] = [false, false]
    const ending = await watch(client, {
      path: pathOf(this.#selection, {
        watch: 'true',
        allowWatchBookmarks: 'true',
        timeoutSeconds,
        ...query,
      }),
      signal,
      silence: this.#pace.silence,
      onOpen() {
        open = true
        onOpen()
      },
      onEvent(event) {
        heard = true
        onEvent(event)
      },
    })
    if (signal.aborted) return done
    if (open && !this.#followed) this.#plan.broke('stream')
    const verb = this.#followed ? 'watch' : 'list'
    if (ending.kind === 'lost-track') return this.#failed(verb, ending.reason, { expired: true })
    const good = heard || performance.now() - began >= GOOD_MS
    if (good) this.#backoff.reset()
    switch (ending.kind) {
      case 'broken':
        return this.#failed(verb, ending.reason)
      case 'answered':
        return this.#refused(verb, ending, way)
      case 'ended':
        return good ? done : this.#failed(verb, 'the server ended it at once')
      default:
        return unreachable(ending)
    }
  }

  #take(event: Progress): void {
    const { resource, sink } = this.#options
    switch (event.kind) {
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
    this.#version = event.resourceVersion
  }

  /** Handles an answer whose status is not 200. */
  #refused(verb: string, { status, text, retryAfterMs }: Answered, way?: Way): Step {
    if (status === 400 && this.#selection.instead !== undefined) {
      this.#selection = this.#selection.instead
      return done
    }
    if (status === 404) this.#tellMissing()
    if (way !== undefined && this.#plan.refused(way, status)) return done
    if (status === 401) this.#options.client.forgetCredentials()
    const message = valueAt(parseJson(text), ['message'])
    const said = typeof message === 'string' ? message : describe(text)
    return this.#failed(verb, `${status}: ${said}`, {
      retryAfterMs: retryAfterMs ?? 0,
      expired: status === 410,
    })
  }

  /**
   * A cluster without the custom resource has none of its objects. Once there were some, a server
   * that does not know the kind is one that has just been started, and changes nothing.
   */
  #tellMissing(): void {
    const { resource, sink } = this.#options
    if (this.#version !== undefined || resources[resource].mayBeMissing !== true) return
    sink({ kind: 'listed', resource, names: new Set() })
  }

  #failed(verb: string, what: string, more: Partial<Failure> = {}): Failure {
    const reason = `${verb} ${this.#options.resource}: ${what}`
    return { kind: 'failed', reason, retryAfterMs: 0, expired: false, ...more }
  }
}
