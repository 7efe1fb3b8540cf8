import { once } from 'node:events'
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { type Duplex, pipeline } from 'node:stream'
import { onTestFinished } from 'vitest'
import { Recorder } from './recorder.ts'
import type { KeyPair } from './scripted-api.ts'

/** A proxy on this machine, and whom it was asked to connect to: `HOST:PORT LOGIN`. */
export interface RunningProxy {
  readonly port: number
  readonly asked: Recorder<string>
}

/** Answers CONNECT, over TLS if it has a key; refuses if it has a status other than 200. */
export async function httpProxy(pair?: KeyPair, status = '200 OK'): Promise<RunningProxy> {
  const asked = new Recorder<string>()
  const server: HttpServer = pair
    ? createHttpsServer({ key: pair.key, cert: pair.certificate })
    : createHttpServer()
  server.on('connect', ({ url = '', headers }, socket: Duplex) => {
    asked.add(`${url} ${headers['proxy-authorization'] ?? ''}`)
    socket.write(`HTTP/1.1 ${status}\r\n\r\n`)
    if (status.startsWith('200')) splice(socket, url)
    else socket.end()
  })
  return { port: await listen(server), asked }
}

/** SOCKS5 (RFC 1928) for IPv4 and names; asks for a login if it has one. */
export async function socksProxy(login?: string): Promise<RunningProxy> {
  const asked = new Recorder<string>()
  // The client waits for each answer, so that each of its messages comes alone.
  const greet = async (socket: Socket): Promise<void> => {
    const [, count = 0, ...ways] = await message(socket)
    const way = login === undefined ? 0 : 2
    if (!ways.slice(0, count).includes(way)) {
      socket.end(Buffer.from([5, 0xff]))
      return
    }
    socket.write(Buffer.from([5, way]))
    const shown = login === undefined ? '' : loginIn(await message(socket))
    const refused = shown !== (login ?? '')
    if (login !== undefined) socket.write(Buffer.from([1, refused ? 1 : 0]))
    if (refused) {
      socket.end()
      return
    }
    const target = targetIn(await message(socket))
    asked.add(`${target} ${shown}`)
    socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
    splice(socket, target)
  }
  const server = createServer((socket) => {
    greet(socket).catch(() => socket.destroy())
  })
  return { port: await listen(server), asked }
}

async function message(socket: Socket): Promise<Buffer> {
  const [bytes] = await once(socket, 'data')
  return bytes
}

function loginIn(bytes: Buffer): string {
  const length = bytes[1] ?? 0
  return `${bytes.subarray(2, 2 + length)}:${bytes.subarray(3 + length)}`
}

function targetIn(bytes: Buffer): string {
  const isName = bytes[3] === 3
  const host = isName ? bytes.subarray(5, -2).toString() : bytes.subarray(4, 8).join('.')
  return `${host}:${bytes.readUInt16BE(bytes.length - 2)}`
}

function splice(socket: Duplex, target: string): void {
  const { hostname, port } = new URL(`http://${target}`)
  const onward = connect(Number(port), hostname)
  pipeline(socket, onward, () => {})
  pipeline(onward, socket, () => {})
}

/** The port at which it listens until the test is over. */
export async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  })
  return (server.address() as AddressInfo).port
}
