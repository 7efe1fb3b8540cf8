import type { Duplex } from 'node:stream'
import { addressBytes, parseAddress } from '../../model/address.ts'

/** The longest answer of a proxy, in bytes; anything longer is no proxy's answer. */
const LONGEST_ANSWER = 16 << 10

/**
 * Asks an HTTP proxy to connect to the host (RFC 9110, section 9.3.6). Rejects if the proxy refuses
 * or does not answer as one.
 */
export async function connectThrough(
  socket: Duplex,
  proxy: URL,
  host: string,
  port: number,
): Promise<void> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`]
  const login = loginOf(proxy)
  if (login !== undefined) {
    const text = Buffer.from(`${login.user}:${login.password}`).toString('base64')
    lines.push(`Proxy-Authorization: Basic ${text}`)
  }
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  const answer = await receive(socket, (bytes) => {
    const end = bytes.indexOf('\r\n\r\n')
    return end < 0 ? undefined : end + 4
  })
  const [first = ''] = answer.toString('latin1').split('\r\n')
  if (!/^HTTP\/1\.[01] 2\d\d/.test(first)) throw new Error(`answers ${JSON.stringify(first)}`)
}

const NO_LOGIN = 0
const BY_PASSWORD = 2
/** The command CONNECT, and the kinds of addresses that it may name. */
const CONNECT = 1
const IPV4 = 1
const DOMAIN = 3
const IPV6 = 4

const REFUSALS: Readonly<Record<number, string>> = {
  1: 'general failure',
  2: 'not allowed by its rules',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'the time to live ran out',
}

/**
 * Asks a SOCKS5 proxy to connect to the host (RFC 1928, logins RFC 1929); the proxy also resolves
 * the name. Rejects if it refuses or does not answer as one.
 */
export async function connectThroughSocks(
  socket: Duplex,
  proxy: URL,
  host: string,
  port: number,
): Promise<void> {
  const login = loginOf(proxy)
  const ways = login === undefined ? [NO_LOGIN] : [NO_LOGIN, BY_PASSWORD]
  socket.write(Buffer.from([5, ways.length, ...ways]))
  const [version, way] = await receive(socket, () => 2)
  if (version !== 5) throw new Error('speaks no SOCKS5')
  if (way === BY_PASSWORD && login !== undefined) {
    const [user, password] = [Buffer.from(login.user), Buffer.from(login.password)]
    socket.write(Buffer.from([1, user.length, ...user, password.length, ...password]))
    const [, refused] = await receive(socket, () => 2)
    if (refused !== 0) throw new Error('refuses user and password')
  } else if (way !== NO_LOGIN) throw new Error('asks for a login')
  socket.write(Buffer.from([5, CONNECT, 0, ...addressOf(host), port >> 8, port & 0xff]))
  const [, code = 1] = await receive(socket, lengthOfReply)
  if (code !== 0) throw new Error(`refuses: ${REFUSALS[code] ?? `code ${code}`}`)
}

function addressOf(host: string): readonly number[] {
  const address = parseAddress(host)?.value
  if (address !== undefined) return [address.includes(':') ? IPV6 : IPV4, ...addressBytes(address)]
  const name = Buffer.from(host)
  return [DOMAIN, name.length, ...name]
}

/**
 * Returns the length of the reply, which ends with the address that the proxy uses; undefined while
 * too little of it has come.
 */
function lengthOfReply(bytes: Buffer): number | undefined {
  const [, , , kind, length] = bytes
  if (length === undefined) return undefined
  return 6 + (kind === IPV4 ? 4 : kind === IPV6 ? 16 : 1 + length)
}

function loginOf({ username, password }: URL): { user: string; password: string } | undefined {
  if (username === '') return undefined
  return { user: decodeURIComponent(username), password: decodeURIComponent(password) }
}

/**
 * Receives as many bytes as `lengthOf` returns for those that have come; the rest stays in the
 * socket. Rejects if the connection ends before, or more than `LONGEST_ANSWER` bytes come.
 */
function receive(socket: Duplex, lengthOf: (bytes: Buffer) => number | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0)
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk])
      const length = lengthOf(bytes)
      if (length !== undefined && bytes.length >= length) {
        end()
        if (bytes.length > length) socket.unshift(bytes.subarray(length))
        resolve(bytes.subarray(0, length))
      } else if (bytes.length > LONGEST_ANSWER) onEnd()
    }
    const onEnd = (): void => fail(new Error('does not answer as a proxy would'))
    const fail = (error: Error): void => {
      end()
      reject(error)
    }
    const end = (): void => {
      socket.pause()
      socket.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', fail)
    }
    socket.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', fail).resume()
  })
}
