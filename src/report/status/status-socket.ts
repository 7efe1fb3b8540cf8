import { lstatSync, mkdirSync, unlinkSync } from 'node:fs'
import { get } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import type { Waits } from '../../model/retry.ts'
import { closeServer, type HttpServer, limitedServer, plain, send } from '../../telemetry/http.ts'
import { keepListening, type ListenState } from '../../telemetry/listen.ts'
import type { Status } from './status.ts'

export const STATUS_SOCKET = '/run/nodelb/nodelb.sock'

/** The time limit in milliseconds, longer than a status with 30,000 Services takes. */
const TIMEOUT_MS = 10_000

/**
 * Starts a server that answers with `status` on a socket, which only the agent's user may open. A
 * socket that a killed process left is replaced; a path in use is tried again.
 */
export function serveStatus(
  path: string,
  status: (only?: string) => Status,
  onState: (state: ListenState) => void,
  waits: Waits,
): HttpServer {
  const server = limitedServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    if (pathname !== '/status') return send(response, plain(404, 'there is /status'))
    const body = JSON.stringify(status(searchParams.get('service') ?? undefined))
    send(response, { status: 200, type: 'application/json', body })
  })
  makeFolder(path)
  const stop = keepListening(server, {
    at: { path },
    // The socket has mode 0600 from its first moment on.
    umask: 0o177,
    onState,
    clear: async (code) => code === 'EADDRINUSE' && (await removeStale(path)),
    waits,
  })
  return { close: () => closeServer(server, stop) }
}

/**
 * Makes the socket's folder. A failure shows when the socket cannot be made, which is tried again.
 */
function makeFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  } catch {}
}

/**
 * Removes a socket that does not answer because its process was killed. Returns whether it is gone.
 */
async function removeStale(path: string): Promise<boolean> {
  if (await isAnswered(path)) return false
  try {
    if (!lstatSync(path).isSocket()) return false
    unlinkSync(path)
    return true
  } catch {
    return false
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED'))
  })
}

type StatusAnswer =
  | { readonly kind: 'status'; readonly status: Status; readonly json: string }
  | { readonly kind: 'not-running' }
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * Returns the status of the agent on this node, or why there is none; of Services only those of a
 * name, with their endpoints, if one is given. Never rejects.
 */
export function readStatus(
  path: string,
  { service, timeoutMs = TIMEOUT_MS }: { service?: string | undefined; timeoutMs?: number } = {},
): Promise<StatusAnswer> {
  const query = service === undefined ? '' : `?service=${encodeURIComponent(service)}`
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => resolve(failure(error, path))
    const request = get({ socketPath: path, path: `/status${query}`, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', failed)
      response.on('end', () => resolve(parse(Buffer.concat(parts).toString())))
    })
    request.on('error', failed)
    const late = (): void => {
      request.destroy(new Error(`no answer within ${timeoutMs} ms`))
    }
    const timer = setTimeout(late, timeoutMs)
    request.on('close', () => clearTimeout(timer))
  })
}

function failure({ code, message }: NodeJS.ErrnoException, path: string): StatusAnswer {
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return { kind: 'not-running' }
  if (code === 'EACCES') return { kind: 'failed', reason: `${path}: not permitted` }
  return { kind: 'failed', reason: `${path}: ${message}` }
}

function parse(json: string): StatusAnswer {
  try {
    return { kind: 'status', status: JSON.parse(json) as Status, json }
  } catch {
    return { kind: 'failed', reason: 'the answer is not JSON' }
  }
}
