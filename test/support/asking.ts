import { randomInt } from 'node:crypto'
import { get, type IncomingHttpHeaders, request } from 'node:http'
import { connect, createServer, type Server, type Socket } from 'node:net'

export interface Asked {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export function ask(port: number, path = '/', method = 'GET', host = '127.0.0.1'): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, path, method, agent: false }, (response) => {
      let body = ''
      response.on('data', (part: Buffer) => {
        body += part.toString()
      })
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
      })
    })
    asked.on('error', reject)
    asked.end()
  })
}

export function askSocket(socketPath: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path, agent: false }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    }).on('error', reject)
  })
}

/** Why no server can be reached there. */
export function refusal(port: number, host = '127.0.0.1'): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    socket.once('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
  })
}

/** A port taken by another server until it is `free`d: one that is given, or any that was free. */
export async function takePort(port?: number, host = '127.0.0.1'): Promise<Taken> {
  if (port !== undefined) return taken(port, host)
  for (;;) {
    const found = await taken(nextPort(), host).catch((error: NodeJS.ErrnoException) => error)
    if (!(found instanceof Error)) return found
    if (found.code !== 'EADDRINUSE') throw found
  }
}

async function taken(port: number, host: string): Promise<Taken> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host }, resolve)
  })
  return { port, server, free: () => closed(server) }
}

export interface Taken {
  readonly port: number
  readonly server: Server
  free(): Promise<void>
}

/** A port that was free a moment ago, and that no other test is given. */
export async function freePort(): Promise<number> {
  const { port, free } = await takePort()
  await free()
  return port
}

/**
 * Each worker of vitest has ports of its own. The kernel gives connections ports from 32768 on: a port
 * that it chose would soon be that of a connection, and a server that comes back could not have it.
 */
const PORTS = { first: 20_000, ofWorker: 1_000 }
let next = randomInt(PORTS.ofWorker)

function nextPort(): number {
  const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % 10
  next = (next + 1) % PORTS.ofWorker
  return PORTS.first + worker * PORTS.ofWorker + next
}

export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}

export function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
  })
}
