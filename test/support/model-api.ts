import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ModelKind, modelKinds } from './model-kinds.ts'
import {
  type Manifest,
  type ModelChange,
  ModelObjects,
  type Place,
  type Refused,
} from './model-objects.ts'
import { type Requested, selected } from './model-selection.ts'
import { ScriptedApi } from './scripted-api.ts'
import { Waiting } from './waiting.ts'

/** A request, as a test may refuse it. */
export interface Asked {
  readonly method: string
  readonly path: string
}

interface Watcher {
  readonly answer: ServerResponse
  readonly tell: (change: ModelChange) => void
}

/** Objects of a list, as they all were at one version. */
interface Rest {
  readonly rest: readonly Manifest[]
  readonly version: number
}

interface Reply {
  readonly status: number
  readonly body: Manifest
}

const PLACE =
  /^\/(?:api|apis)\/((?:[^/]+\/)?v[^/]+)(?:\/namespaces\/([^/]+))?\/([a-z0-9]+)(?:\/([^/]+))?(?:\/(status))?$/

/**
 * A model of an API server, over TLS and real sockets: objects with versions, lists in pages, watches
 * with bookmarks, merge patches that meet conflicts, and rights. It is as strict as nodelb relies on it
 * to be. What a real one does is tried in the project e2e.
 */
export class ModelApi {
  /** Returns the status with which a request is refused, such as 403; undefined if it is granted. */
  refuses: (asked: Asked) => number | undefined = () => undefined
  /** The kinds that this cluster does not have, by their plural. */
  readonly missing: Set<string> = new Set()
  /** Every change of an object by a client, as `METHOD path`, in order. */
  readonly writes: string[] = []
  /** The statuses of the answers that refused something, in order. */
  readonly refused: number[] = []
  /** The token that clients show. */
  token = 'x'
  readonly #api: ScriptedApi
  readonly #objects = new ModelObjects((change) => this.#changed(change))
  readonly #watchers: Set<Watcher> = new Set()
  /** What is left of lists that were given in part, by the token for the next page. */
  readonly #pages: Map<string, Rest> = new Map()
  #tokens = 0
  readonly #news = new Waiting()
  #isDown = false

  private constructor(api: ScriptedApi) {
    this.#api = api
    api.streams = true
    api.script = (url, answer, asked) => void this.#serve(url, answer, asked)
  }

  /** Gone when `close` is called. */
  static async open(): Promise<ModelApi> {
    return new ModelApi(await ScriptedApi.open((_, answer) => answer.destroy()))
  }

  close(): Promise<void> {
    return this.#api.close()
  }

  /** Whether it knows watches that begin with all objects, as Kubernetes 1.32 does. */
  set streams(knows: boolean) {
    this.#api.streams = knows
  }

  location(user?: object): ReturnType<ScriptedApi['location']> {
    return this.#api.location(user ?? { token: this.token })
  }

  /** No request is answered any more, and what is open breaks. */
  down(): void {
    this.#isDown = true
    this.#api.cut()
  }

  up(): void {
    this.#isDown = false
  }

  /** All watches end, as they do after some minutes. */
  endWatches(): void {
    for (const { answer } of this.#watchers) answer.end()
    this.#watchers.clear()
  }

  /** Etcd forgets all former changes, and what was listed to half. */
  compact(): void {
    this.#objects.forget()
    this.#pages.clear()
  }

  /** Resolves with what is found, now or after a change or a request. */
  until<Found>(find: () => Found | undefined | false): Promise<Found> {
    return this.#news.until(() => find() || undefined)
  }

  /** The hand of a person or of another program; throws when it is refused. */
  call(method: string, path: string, body?: Manifest, manager = 'kubectl'): Manifest {
    const reply = this.#answerTo(method, new URL(path, 'https://model'), body, manager)
    if (reply.status < 300) return reply.body
    throw new Error(`${method} ${path}: ${JSON.stringify(reply)}`)
  }

  /** Creates these objects, or makes of what is there what they say, with their statuses. */
  apply(...objects: readonly Manifest[]): void {
    for (const object of objects) {
      const { namespace, name } = object.metadata
      const kind = [...modelKinds.values()].find(
        (each) => each.kind === object.kind && groupOf(each) === groupOf(object),
      )
      if (kind === undefined) throw new Error(`no place for a ${object.kind}`)
      const root = kind.apiVersion.includes('/') ? '/apis' : '/api'
      const within = kind.namespaced ? `/namespaces/${namespace}` : ''
      const list = `${root}/${kind.apiVersion}${within}/${kind.plural}`
      const path = `${list}/${name}`
      if (this.get(path) === undefined) this.call('POST', list, object)
      else this.call('PATCH', path, object)
      if (object.status !== undefined) {
        this.call('PATCH', `${path}/status`, { status: object.status })
      }
    }
  }

  /** The object at a path; undefined if there is none. */
  get(path: string): Manifest | undefined {
    const { status, body } = this.#answerTo('GET', new URL(path, 'https://model'), undefined, '')
    return status === 200 ? body : undefined
  }

  async #serve(url: URL, answer: ServerResponse, asked: IncomingMessage): Promise<void> {
    if (this.#isDown) {
      answer.destroy()
      return
    }
    const method = asked.method ?? 'GET'
    const chunks: Buffer[] = []
    for await (const chunk of asked) chunks.push(chunk)
    const refused = this.#gate(method, url, asked)
    if (refused === undefined && url.searchParams.has('watch')) {
      this.#watch(url, answer)
      return
    }
    const text = Buffer.concat(chunks).toString()
    const manager = String(asked.headers['user-agent']).split('/')[0] ?? ''
    const body = text === '' ? undefined : JSON.parse(text)
    const reply = refused ?? this.#answerTo(method, url, body, manager)
    if (reply.status >= 400) this.refused.push(reply.status)
    if (method !== 'GET' && reply.status < 300) this.writes.push(`${method} ${url.pathname}`)
    send(answer, reply)
    this.#news.wake()
  }

  #gate(method: string, url: URL, asked: IncomingMessage): Reply | undefined {
    if (asked.headers.authorization !== `Bearer ${this.token}`) return refusal(401, 'Unauthorized')
    const status = this.refuses({ method, path: url.pathname })
    if (status !== undefined) return refusal(status, `${method} ${url.pathname} is refused`)
    const type = asked.headers['content-type'] ?? ''
    const patches = ['application/merge-patch+json', 'application/apply-patch+yaml']
    return method !== 'PATCH' || patches.includes(type)
      ? undefined
      : refusal(415, `the body of the request was in ${type}`)
  }

  #answerTo(method: string, url: URL, body: Manifest, manager: string): Reply {
    const place = this.#placeOf(url)
    if (place === undefined) return refusal(404, NO_KIND)
    const found = this.#found(method, place, url, { body, manager })
    if ('refused' in found) return refusal(found.refused, found.message)
    return { status: method === 'POST' ? 201 : 200, body: found }
  }

  #found(
    method: string,
    place: Place,
    url: URL,
    { body, manager }: { readonly body: Manifest; readonly manager: string },
  ): Manifest | Refused {
    const objects = this.#objects
    if (method === 'GET') return place.name === '' ? this.#list(place, url) : objects.read(place)
    if (method === 'POST' && place.name === '') return objects.create(place, body, manager)
    const isApplied = url.searchParams.has('fieldManager')
    if (method === 'PATCH' && isApplied && 'refused' in objects.read(place)) {
      return objects.create({ ...place, name: '' }, body, manager)
    }
    if (method === 'PATCH' && place.name !== '') return objects.patch(place, body, manager)
    if (method === 'DELETE' && place.name !== '') return objects.remove(place)
    return { refused: 405, message: `${method} is not allowed here` }
  }

  #placeOf({ pathname }: URL): Place | undefined {
    const [, apiVersion, namespace = '', plural = '', name = '', status] =
      PLACE.exec(pathname) ?? []
    const kind = modelKinds.get(`${apiVersion}/${plural}`)
    if (kind === undefined || this.missing.has(plural)) return undefined
    return { kind, namespace, name, isStatus: status !== undefined }
  }

  #list(place: Place, { searchParams }: URL): Manifest | Refused {
    const { kind } = place
    const token = searchParams.get('continue')
    const found = token === null ? this.#matching(place, searchParams) : this.#pages.get(token)
    if (found === undefined) return { refused: 410, message: 'the continue token is too old' }
    if ('refused' in found) return found
    const { rest, version } = found
    if (Number(searchParams.get('resourceVersion') ?? 0) > this.#objects.version) {
      return { refused: 504, message: 'Too large resource version' }
    }
    const limit = Number(searchParams.get('limit') ?? 0) || rest.length
    const next = rest.length > limit ? `page-${this.#tokens++}` : undefined
    if (next !== undefined) this.#pages.set(next, { rest: rest.slice(limit), version })
    const metadata = {
      resourceVersion: String(version),
      ...(next !== undefined && { continue: next }),
    }
    const { apiVersion } = kind
    return { apiVersion, kind: `${kind.kind}List`, metadata, items: rest.slice(0, limit) }
  }

  #matching(place: Place, query: URLSearchParams): Rest | Refused {
    const is = selected(place.kind, requested(query))
    return typeof is === 'string'
      ? { refused: 400, message: is }
      : { rest: this.#objects.all(place).filter(is), version: this.#objects.version }
  }

  #watch(url: URL, answer: ServerResponse): void {
    const place = this.#placeOf(url)
    const query = url.searchParams
    const is = place === undefined ? '' : selected(place.kind, requested(query))
    if (place === undefined || typeof is === 'string') {
      send(answer, place === undefined ? refusal(404, NO_KIND) : refusal(400, String(is)))
      return
    }
    answer.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    const event = (type: string, object: Manifest): void => {
      answer.write(`${JSON.stringify({ type, object })}\n`)
    }
    const tell = (change: ModelChange): void => {
      if (change.kind !== place.kind) return
      if (place.namespace !== '' && change.namespace !== place.namespace) return
      tellChange(change, is, event)
    }
    this.#begin(place, query, { is, event, tell })
    const watcher = { answer, tell }
    this.#watchers.add(watcher)
    answer.on('close', () => this.#watchers.delete(watcher))
    this.#news.wake()
  }

  /** What a watch says first: all objects if it asks for them, else the changes since its version. */
  #begin(
    place: Place,
    query: URLSearchParams,
    { is, event, tell }: Pick<Watcher, 'tell'> & { is: Is; event: Event },
  ): void {
    const from = Number(query.get('resourceVersion') || 0)
    if (query.has('sendInitialEvents')) {
      for (const object of this.#objects.all(place).filter(is)) event('ADDED', object)
      const annotations = { 'k8s.io/initial-events-end': 'true' }
      event('BOOKMARK', bookmark(place.kind, this.#objects.version, annotations))
    } else if (from < this.#objects.forgotten) {
      event('ERROR', refusal(410, `too old resource version: ${from}`).body)
    } else {
      for (const change of this.#objects.history) if (change.version > from) tell(change)
    }
  }

  #changed(change: ModelChange): void {
    for (const { tell } of this.#watchers) tell(change)
    this.#news.wake()
  }
}

function groupOf({ apiVersion }: { readonly apiVersion: string }): string {
  return apiVersion.split('/').slice(0, -1).join()
}

const NO_KIND = 'the server could not find the requested resource'

type Is = (object: Manifest) => boolean
type Event = (type: string, object: Manifest) => void

/** To who has selected objects, one that is selected no more is deleted. */
function tellChange({ version, before, after }: ModelChange, is: Is, event: Event): void {
  const was = before !== undefined && is(before)
  if (after !== undefined && is(after)) event(was ? 'MODIFIED' : 'ADDED', after)
  else if (was) {
    const metadata = { ...before.metadata, resourceVersion: String(version) }
    event('DELETED', { ...before, metadata })
  }
}

function bookmark({ apiVersion, kind }: ModelKind, version: number, annotations: object): Manifest {
  return { apiVersion, kind, metadata: { resourceVersion: String(version), annotations } }
}

function requested(query: URLSearchParams): Requested {
  return { labels: query.get('labelSelector') ?? '', fields: query.get('fieldSelector') ?? '' }
}

function refusal(code: number, message: string): Reply {
  return { status: code, body: { apiVersion: 'v1', kind: 'Status', code, message } }
}

function send(answer: ServerResponse, { status, body }: Reply): void {
  answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
