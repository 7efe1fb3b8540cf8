import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { onTestFinished } from 'vitest'
import type { ApiLocation } from '../../src/watch/api/credentials.ts'
import { Recorder } from './recorder.ts'

/** How a scripted API server answers one request. */
export type Script = (url: URL, answer: ServerResponse, asked: IncomingMessage) => void

type KubeconfigFile = Extract<ApiLocation, { readonly kind: 'kubeconfig' }>

/** PEM. */
export interface KeyPair {
  readonly key: string
  readonly certificate: string
}

/**
 * A server that does what a real one never would, over TLS and real sockets. Gone when the test is
 * over, and with it the folder of its kubeconfig.
 */
export class ScriptedApi {
  readonly requests: Recorder<URL> = new Recorder()
  /** Requests whose connection the client has ended, or that were answered whole. */
  readonly closed: Recorder<URL> = new Recorder()
  readonly folder: string
  script: Script
  /** Whether the script is asked for streams, too; else they are refused. */
  streams = false
  readonly #server: Server

  private constructor(folder: string, pair: KeyPair, script: Script) {
    this.folder = folder
    this.script = script
    this.#server = createServer({ key: pair.key, cert: pair.certificate })
    this.#server.on('request', (asked, answer) => {
      const url = new URL(asked.url ?? '/', 'https://scripted')
      if (isStream(url) && !this.streams) return refuseStream(answer)
      this.requests.add(url)
      answer.on('close', () => this.closed.add(url))
      this.script(url, answer, asked)
    })
  }

  static async start(script: Script): Promise<ScriptedApi> {
    const api = await ScriptedApi.open(script)
    onTestFinished(() => api.close())
    return api
  }

  /** One that outlives a test: it is there until `close`. */
  static async open(script: Script): Promise<ScriptedApi> {
    const folder = mkdtempSync(join(tmpdir(), 'nodelb-scripted-'))
    const pair = await makeKeyPair(folder, 'server')
    const api = new ScriptedApi(folder, pair, script)
    await new Promise<void>((listening) => api.#server.listen(0, '127.0.0.1', listening))
    return api
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.cut()
    await closed
    rmSync(this.folder, { recursive: true })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** All connections break. */
  cut(): void {
    this.#server.closeAllConnections()
  }

  /** Shows another certificate from now on, which the kubeconfig's authority file does not know. */
  show(pair: KeyPair): void {
    this.#server.setSecureContext({ key: pair.key, cert: pair.certificate })
    this.cut()
  }

  /** A kubeconfig for that user, which finds the authority in the file `server.crt`. */
  location(user: object = { token: 'x' }, more: object = {}): KubeconfigFile {
    const server = `https://127.0.0.1:${this.port}`
    const file = join(this.folder, 'config')
    const cluster = { server, 'certificate-authority': 'server.crt', ...more }
    const config = {
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }
    writeFileSync(file, JSON.stringify(config))
    return { kind: 'kubeconfig', file }
  }
}

/**
 * A certificate for 127.0.0.1 that is its own authority, and its key, in `NAME.crt` and `NAME.key`.
 */
export async function makeKeyPair(folder: string, name: string): Promise<KeyPair> {
  const file = (suffix: string) => join(folder, `${name}.${suffix}`)
  await execa('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', '30', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', file('key'), '-out', file('crt')],
  ])
  return { key: readFileSync(file('key'), 'utf8'), certificate: readFileSync(file('crt'), 'utf8') }
}

/** A watch that should begin with all objects (KEP-3157). */
export const isStream = (url: URL): boolean => url.searchParams.has('sendInitialEvents')
export const isWatch = (url: URL): boolean => url.searchParams.has('watch') && !isStream(url)

/** As a server before Kubernetes 1.32 answers; the text is that of 1.20. */
export function refuseStream(answer: ServerResponse): void {
  const message = 'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch'
  answer.writeHead(422).end(JSON.stringify({ kind: 'Status', code: 422, message }))
}

/** A server that has nothing, and never will. */
export function serveNothing(url: URL, answer: ServerResponse): void {
  if (isStream(url)) refuseStream(answer)
  else if (isWatch(url)) answer.flushHeaders()
  else answer.end(listOf([]))
}

export function listOf(items: readonly unknown[], resourceVersion = '100'): string {
  return JSON.stringify({ kind: 'List', metadata: { resourceVersion }, items })
}

/** An EndpointSlice as far as a reflector looks. */
export function slice(name: string, resourceVersion = '101'): object {
  return { metadata: { namespace: 'shop', name, resourceVersion } }
}

export function added(name: string, resourceVersion?: string): string {
  return JSON.stringify({ type: 'ADDED', object: slice(name, resourceVersion) })
}
