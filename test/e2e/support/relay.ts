import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { PassThrough, pipeline, type Transform } from 'node:stream'
import { onTestFinished } from 'vitest'
import { Recorder } from '../../support/recorder.ts'
import type { ApiServer } from './apiserver.ts'

/** What the relay does to a request; each part may be left out. */
export interface Meddling {
  /** Before the API server hears of it. */
  readonly before?: () => Promise<unknown>
  /** Answers in place of the API server. */
  readonly instead?: (answer: ServerResponse) => void
  /** Through which the answer's body goes. */
  readonly through?: Transform
}

/** A watch that should begin with all objects, which 1.20 refuses. */
export const isStream = (url: URL): boolean => url.searchParams.has('sendInitialEvents')
export const isWatch = (url: URL): boolean => url.searchParams.has('watch') && !isStream(url)

/**
 * Stands between a client and the API server, with its certificate: sees and spoils what passes.
 * Gone when the test is over.
 */
export class Relay {
  /** Paths with their queries, as they came. */
  readonly requests: Recorder<URL> = new Recorder()
  /** Asked for each request. */
  meddle: (url: URL) => Meddling | undefined = () => undefined
  readonly #server: Server
  readonly #target: ApiServer

  private constructor(target: ApiServer) {
    this.#target = target
    this.#server = createServer({ key: target.key, cert: target.certificate })
    this.#server.on('request', (incoming, answer) => this.#take(incoming, answer))
  }

  static async start(target: ApiServer): Promise<Relay> {
    const relay = new Relay(target)
    await new Promise<void>((listening) => relay.#server.listen(0, '127.0.0.1', listening))
    onTestFinished(() => relay.#close())
    return relay
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** All connections break. */
  cut(): void {
    this.#server.closeAllConnections()
  }

  async #close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.cut()
    await closed
  }

  async #take(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'https://relay')
    const { before, instead, through = new PassThrough() } = this.meddle(url) ?? {}
    this.requests.add(url)
    await before?.()
    if (instead !== undefined) return instead(answer)
    const { method, headers } = incoming
    const { port, certificate: ca } = this.#target
    const options = { host: '127.0.0.1', port, ca, path: incoming.url, method, headers }
    const outgoing = request({ ...options, agent: false }, (reply) => {
      answer.writeHead(reply.statusCode ?? 500, reply.headers)
      answer.flushHeaders()
      pipeline(reply, through, answer, (error) => error && answer.destroy())
    })
    outgoing.on('error', () => answer.destroy())
    answer.on('close', () => outgoing.destroy())
    pipeline(incoming, outgoing, () => {})
  }
}

/** Meddles with the body of the first watch alone. */
export function onFirstWatch(make: () => Transform): Relay['meddle'] {
  let first = true
  return (url) => {
    if (!first || !isWatch(url)) return undefined
    first = false
    return { through: make() }
  }
}
