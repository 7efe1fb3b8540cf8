import { connect, createServer, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connectThrough, connectThroughSocks } from '../../src/watch/api/tunnel.ts'
import { listen } from '../support/proxies.ts'

/** A proxy that answers one message after another with these bytes, and keeps what it was sent. */
async function proxy(...answers: readonly (readonly Buffer[] | 'end')[]) {
  const asked: Buffer[] = []
  const waiting = answers.values()
  const server = createServer((socket) => {
    // A client that has had enough breaks the connection.
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      asked.push(bytes)
      const { value = [] } = waiting.next()
      if (value === 'end') socket.end()
      else send(socket, value)
    })
  })
  const port = await listen(server)
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  return { socket, asked }
}

/** Sends pieces one by one, so that they come one by one. */
function send(socket: Socket, [first, ...rest]: readonly Buffer[]): void {
  if (first !== undefined) socket.write(first, () => setImmediate(() => send(socket, rest)))
}

const bytes = (...values: readonly number[]): Buffer => Buffer.from(values)
const text = (value: string): Buffer => Buffer.from(value)
const at = (login = ''): URL => new URL(`socks5://${login}proxy:1080`)
const GREETED = [bytes(5, 0)]

async function rest(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (chunk) => resolve(chunk.toString()))
    socket.resume()
  })
}

describe('a proxy for HTTP', () => {
  const url = new URL('http://proxy:3128')

  test('may answer in pieces; what the server says behind it is the first of the connection', async () => {
    const { socket, asked } = await proxy([text('HTTP/1.0 200 OK\r\n'), text('A: b\r\n\r\nhello')])
    await connectThrough(socket, url, 'fd00::1', 6443)
    expect(await rest(socket)).toBe('hello')
    expect(Buffer.concat(asked).toString()).toBe(
      'CONNECT [fd00::1]:6443 HTTP/1.1\r\nHost: [fd00::1]:6443\r\n\r\n',
    )
  })

  test.each<[string, readonly Buffer[] | 'end', string]>([
    ['answers without an end', [Buffer.alloc(20 << 10, 'x')], 'does not answer as a proxy would'],
    ['ends the connection', 'end', 'does not answer as a proxy would'],
    ['answers nothing', [text('\r\n\r\n')], 'answers ""'],
  ])('that %s is none', async (_, answer, reason) => {
    const { socket } = await proxy(answer)
    await expect(connectThrough(socket, url, 'api.example', 443)).rejects.toThrow(reason)
  })
})

describe('a proxy for SOCKS5', () => {
  const head = (code: number, kind: number): Buffer => bytes(5, code, 0, kind)

  test.each<[string, readonly number[]]>([
    ['192.0.2.1', [1, 192, 0, 2, 1]],
    ['fd00::1', [4, 0xfd, ...Array.from({ length: 14 }, () => 0), 1]],
    ['api.example', [3, 11, ...text('api.example')]],
  ])('is told of the server %s in its own form', async (host, address) => {
    const { socket, asked } = await proxy(GREETED, [head(0, 1), Buffer.alloc(6)])
    await connectThroughSocks(socket, at(), host, 6443)
    expect(asked[1]).toEqual(bytes(5, 1, 0, ...address, 6443 >> 8, 6443 & 0xff))
  })

  test.each<[string, Buffer, number]>([
    ['IPv4', head(0, 1), 6],
    ['IPv6', head(0, 4), 18],
    ['a name', head(0, 3), 3],
  ])('may say that it speaks from %s; the rest is what the server says', async (_, first, more) => {
    const { socket } = await proxy(GREETED, [first, Buffer.alloc(more), text('hello')])
    await connectThroughSocks(socket, at(), 'api.example', 443)
    expect(await rest(socket)).toBe('hello')
  })

  test.each<[number, string]>([
    [5, 'refuses: connection refused'],
    [2, 'refuses: not allowed by its rules'],
    [99, 'refuses: code 99'],
  ])('that refuses with %i says why', async (code, reason) => {
    const { socket } = await proxy(GREETED, [head(code, 1), Buffer.alloc(6)])
    await expect(connectThroughSocks(socket, at(), 'api.example', 443)).rejects.toThrow(reason)
  })

  test('that asks for a login gets the one of its URL, as it is meant', async () => {
    const { socket, asked } = await proxy(
      [bytes(5, 2)],
      [bytes(1, 0)],
      [head(0, 1), Buffer.alloc(6)],
    )
    await connectThroughSocks(socket, at('me:s%40d@'), 'api.example', 443)
    expect(asked[0]).toEqual(bytes(5, 2, 0, 2))
    expect(asked[1]).toEqual(bytes(1, 2, ...text('me'), 3, ...text('s@d')))
  })
})
