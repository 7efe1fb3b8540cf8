// The only file that opens connections to the API server.

import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { type RequestOptions, request } from 'node:https'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

/** Idle time before the kernel asks whether the peer still lives; it notices 10 s later. */
const KEEPALIVE_MS = 15_000

export interface Head {
  readonly status: number
  readonly headers: IncomingHttpHeaders
}

/** Takes the next bytes of a body, decompressed. False: nothing more is wanted. */
export type Take = (chunk: Buffer) => boolean

/** Who listens to the answer of one request. */
export interface Listener {
  /** Called once, when the headers are there. */
  onAnswer(head: Head): Take
  /** Milliseconds for which nothing may be heard; asked again whenever something was. */
  silenceMs(): number
}

export type Ending =
  | { readonly kind: 'ended' }
  /** The listener wanted no more. */
  | { readonly kind: 'stopped' }
  | Broken

/** The answer did not come, or not whole. */
export interface Broken {
  readonly kind: 'broken'
  readonly reason: string
  /** Keys, certificates or tokens may be the reason: the next try should read them anew. */
  readonly distrust?: true
}

/** Sends one request and tells the listener what comes back, until it ends one way or the other. */
export function exchange(
  options: RequestOptions,
  body: string | undefined,
  listener: Listener,
): Promise<Ending> {
  return new Promise((resolve) => {
    const prepared = prepare(options)
    if (prepared instanceof Error) return resolve({ ...broken(prepared), distrust: true })
    const outgoing = prepared
    const alarm = startAlarm(listener.silenceMs, (error) => finish(broken(error)))
    let finished = false
    function finish(ending: Ending): void {
      if (finished) return
      finished = true
      alarm.stop()
      if (ending.kind !== 'ended') outgoing.destroy()
      resolve(ending)
    }
    const handshake = watchHandshake(outgoing)
    outgoing.on('error', (error) => {
      finish({ ...broken(error), ...(handshake.open && { distrust: true }) })
    })
    outgoing.on('response', (answer) => {
      const take = listener.onAnswer({ status: answer.statusCode ?? 0, headers: answer.headers })
      alarm.wait()
      decoded(answer, (reason) => finish({ kind: 'broken', reason }))
        .on('data', (chunk: Buffer) => {
          if (finished) return
          if (take(chunk)) alarm.wait()
          else finish({ kind: 'stopped' })
        })
        .on('end', () => finish({ kind: 'ended' }))
    })
    outgoing.end(body)
  })
}

/**
 * Node.js throws at once for a token that cannot stand in a header, and for a key that is cut short
 * or belongs to another certificate, as while both files are being replaced.
 */
function prepare(options: RequestOptions): ClientRequest | Error {
  try {
    return request(options)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Whether a connection is made and the peer is not yet known: what fails then is about trust. */
function watchHandshake(outgoing: ClientRequest): { readonly open: boolean } {
  const handshake = { open: false }
  outgoing.on('socket', (socket) => {
    // The agent has a setting for this, which makes Node.js 20 ask every second over TLS.
    socket.setKeepAlive(true, KEEPALIVE_MS)
    socket.once('connect', () => {
      handshake.open = true
    })
    socket.once('secureConnect', () => {
      handshake.open = false
    })
  })
  return handshake
}

function decoded(answer: IncomingMessage, onFailure: (reason: string) => void): Readable {
  // Node.js says "aborted", whoever did it.
  answer.on('error', () => onFailure('the connection broke'))
  if (answer.headers['content-encoding'] !== 'gzip') return answer
  const text = createGunzip()
  text.on('error', () => onFailure('the answer is not well compressed'))
  answer.on('close', () => {
    if (!answer.complete) text.destroy()
  })
  return answer.pipe(text)
}

function broken(error: Error): Broken {
  // Of several addresses that were tried, the error itself says nothing.
  const errors = error instanceof AggregateError ? error.errors : [error]
  return { kind: 'broken', reason: errors.map((each: Error) => each.message).join('; ') }
}

/** Goes off when nothing is heard for as long as `silenceMs` says. */
function startAlarm(silenceMs: () => number, onSilence: (error: Error) => void) {
  let timer: NodeJS.Timeout | undefined
  const alarm = {
    wait() {
      clearTimeout(timer)
      const ms = silenceMs()
      const silent = () => onSilence(new Error(`nothing was heard for ${ms / 1000} s`))
      timer = setTimeout(silent, ms)
    },
    stop: () => clearTimeout(timer),
  }
  alarm.wait()
  return alarm
}
