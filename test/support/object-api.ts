import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { isStream, isWatch, listOf, refuseStream } from './scripted-api.ts'

/** An object as manifests have it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly [field: string]: unknown
}

export function manifestsIn(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => document.toJS())
}

interface Request {
  readonly method: string
  readonly path: string
  readonly body: string
}

/** What is answered in place of what there is, by a part of the path; nothing if it is no text. */
export type Instead = Readonly<Record<string, Answer>>

interface Answer {
  readonly status: number
  readonly text?: string
}

/**
 * A server that lists objects and takes what is written, as one behind `kubectl proxy`; it tells of no
 * change. Gone when the test is over.
 */
export class ObjectApi {
  readonly requests: Request[] = []
  instead: Instead = {}
  /** Gives another answer to a request, if it wants to. */
  answer: (url: URL) => Answer | undefined = () => undefined
  objects: readonly Manifest[]
  readonly kubeconfig: string

  private constructor(server: Server, folder: string, objects: readonly Manifest[]) {
    this.objects = objects
    this.kubeconfig = join(folder, 'kubeconfig')
    const { port } = server.address() as AddressInfo
    const config = {
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: 'u', user: { token: 'x' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }
    writeFileSync(this.kubeconfig, JSON.stringify(config))
    server.on('request', (request, answer) => void this.#take(request, answer))
  }

  static async start(objects: readonly Manifest[]): Promise<ObjectApi> {
    const folder = mkdtempSync(join(tmpdir(), 'nodelb-api-'))
    const server = createServer()
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    onTestFinished(async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      rmSync(folder, { recursive: true })
    })
    return new ObjectApi(server, folder, objects)
  }

  /** The paths that were asked for, each once. */
  get paths(): readonly string[] {
    return [...new Set(this.requests.map(({ path }) => path))]
  }

  /** What was written, from the oldest on. */
  get writes(): readonly Request[] {
    return this.requests.filter(({ method }) => method !== 'GET')
  }

  async #take(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://server')
    const { method = 'GET' } = request
    const body = await textOf(request)
    this.requests.push({ method, path: url.pathname, body })
    const named = Object.entries(this.instead).find(([part]) => url.pathname.includes(part))
    const other = this.answer(url) ?? named?.[1]
    if (other !== undefined) {
      if (other.text === undefined) request.socket.destroy()
      else answer.writeHead(other.status).end(other.text)
    } else if (isStream(url)) refuseStream(answer)
    else if (isWatch(url)) answer.flushHeaders()
    else if (method === 'GET') this.#serve(url.pathname, answer)
    else this.#write(method, url.pathname, body, answer)
  }

  /** Answers with the list at a path, or with the object there. */
  #serve(path: string, answer: ServerResponse): void {
    const own = this.objects.find((each) => path === `${pathOf(each)}/${each.metadata.name}`)
    const items = this.objects.filter((each) => [pathOf(each), pathOfAll(each)].includes(path))
    if (own !== undefined) answer.end(JSON.stringify(own))
    else if (/\/(configmaps|leases)\/./.test(path)) answer.writeHead(404).end('{}')
    else answer.end(listOf(items))
  }

  /** Takes a whole object, or fields of one that is there. */
  #write(method: string, path: string, body: string, answer: ServerResponse): void {
    const given = JSON.parse(body)
    const place = method === 'POST' ? nameOf(given) : path.replace(/\/status$/, '')
    const old = this.objects.find((each) => nameOf(each) === place)
    if (method === 'PATCH' && old === undefined) return void answer.writeHead(404).end('{}')
    const version = { metadata: { resourceVersion: String(this.requests.length) } }
    const object = merged(merged(method === 'PATCH' ? old : {}, given), version) as Manifest
    this.objects = [...this.objects.filter((each) => each !== old), object]
    answer.writeHead(method === 'POST' ? 201 : 200).end(JSON.stringify(object))
  }
}

/** Returns a value with what a merge patch says (RFC 7386). */
function merged(old: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const fields = new Map<string, unknown>(Object.entries(old ?? {}))
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) fields.delete(name)
    else fields.set(name, merged(fields.get(name), value))
  }
  return Object.fromEntries(fields)
}

function nameOf(object: Manifest): string {
  return `${pathOf(object)}/${object.metadata.name}`
}

function pathOf(object: Manifest): string {
  const { namespace } = object.metadata
  const place = namespace === undefined ? '' : `/namespaces/${namespace}`
  return `${rootOf(object)}${place}/${pluralOf(object)}`
}

function pathOfAll(object: Manifest): string {
  return `${rootOf(object)}/${pluralOf(object)}`
}

function rootOf({ apiVersion }: Manifest): string {
  return `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}`
}

function pluralOf({ kind }: Manifest): string {
  return kind.toLowerCase().replace(/y$/, 'ie').replace(/s$/, 'se').concat('s')
}
