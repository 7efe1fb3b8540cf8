import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { boundConnections } from '../../src/telemetry/bounded-connections.ts'
import { type HttpServer, plain, serveHttp } from '../../src/telemetry/http.ts'
import { ask, connected, freePort } from '../support/asking.ts'
import { Recorder } from '../support/recorder.ts'

const servers: (Server | HttpServer)[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    if ('closeAllConnections' in server) server.closeAllConnections()
    await server.close()
  }
})

async function probes(): Promise<number> {
  const port = await freePort()
  const told = new Recorder<string>()
  const server = serveHttp({
    host: '127.0.0.1',
    port,
    routes: new Map([['/livez', () => plain(200, 'alive')]]),
    onState: ({ kind }) => told.add(kind),
    onAnswer: () => {},
    waits: { next: () => 100 },
  })
  servers.push(server)
  await told.find((kind) => kind === 'listening')
  return port
}

/** A client that holds connections, and opens a new one for each that is closed. */
class Holder {
  readonly #port: number
  readonly #held: Set<Socket> = new Set()
  #closed = 0
  #ended = false

  private constructor(port: number) {
    this.#port = port
  }

  static async holding(port: number, count: number): Promise<Holder> {
    const holder = new Holder(port)
    await Promise.all(Array.from({ length: count }, () => holder.#open()))
    return holder
  }

  get closed(): number {
    return this.#closed
  }

  end(): void {
    this.#ended = true
    for (const socket of this.#held) socket.destroy()
  }

  async #open(): Promise<void> {
    const socket = await connected(this.#port)
    this.#held.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#held.delete(socket)
      this.#closed++
      // A connection that is reset before it is whole is not held, and so not opened again.
      if (!this.#ended) this.#open().catch(() => {})
    })
  }
}

async function bounded(most: number, lifetimeMs?: number) {
  const asked = new Recorder<ServerResponse>()
  const server = createServer((_, response) => asked.add(response))
  const open = boundConnections(server, { most, ...(lifetimeMs && { lifetimeMs }) })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, asked, open }
}

const ended = (socket: Socket) => new Promise((resolve) => socket.on('close', resolve))

describe('a probe is answered at once', () => {
  test('beside 160 connections of a client that opens again what is closed', async () => {
    const port = await probes()
    const holder = await Holder.holding(port, 160)
    for (let i = 0; i < 12; i++) expect((await ask(port, '/livez')).status).toBe(200)
    expect(holder.closed).toBeGreaterThan(0)
    holder.end()
  })

  test('beside requests that never become whole', async () => {
    const port = await probes()
    const sockets = await Promise.all(Array.from({ length: 160 }, () => connected(port)))
    for (const socket of sockets) {
      socket.on('error', () => {})
      socket.write('GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ')
    }
    for (let i = 0; i < 12; i++) expect((await ask(port, '/livez')).status).toBe(200)
    for (const socket of sockets) socket.destroy()
  })

  test('and its connection is closed with the answer', async () => {
    const port = await probes()
    expect((await ask(port, '/livez')).headers['connection']).toBe('close')
  })
})

describe('what gives way', () => {
  test('the oldest that waits for its client, never one that is being answered', async () => {
    const { port, asked, open } = await bounded(2)
    const answer = ask(port)
    const response = await asked.find(() => true)
    const first = await connected(port)
    const gone = ended(first.resume())
    const second = await connected(port)
    await gone
    expect(open.size).toBe(2)
    response.end('in time')
    expect((await answer).body).toBe('in time')
    second.destroy()
  })

  test('the oldest of all where each is being answered', async () => {
    const { port, asked } = await bounded(1)
    const given = ask(port).catch(({ code }: NodeJS.ErrnoException) => code)
    const first = await asked.find(() => true)
    const answer = ask(port)
    ;(await asked.find((response) => response !== first)).end('the second')
    expect((await answer).body).toBe('the second')
    expect(await given).toBe('ECONNRESET')
  })

  test('what sends its request byte by byte, when its time is over', async () => {
    const { port } = await bounded(10, 50)
    const socket = await connected(port)
    const gone = ended(socket.resume())
    socket.on('error', () => {})
    socket.write('GET / HTTP/1.1\r\n')
    const drip = setInterval(() => socket.write('X: y\r\n'), 10)
    await gone
    clearInterval(drip)
  })

  test('what does not read its answer, when its time is over', async () => {
    // Long enough for the request to come, also where this process has to wait for a processor.
    const { port, asked, open } = await bounded(10, 1_000)
    const socket = await connected(port)
    socket.on('error', () => {})
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const response = await asked.find(() => true)
    const { socket: served } = response
    if (served === null) throw new Error('the request has no connection')
    const gone = ended(served)
    response.end(Buffer.alloc(64 << 20))
    await gone
    expect(open.size).toBe(0)
    socket.destroy()
  })
})
