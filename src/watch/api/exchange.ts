import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { messageOf, Untrusted } from './connection.ts'

export interface Head {
  readonly status: number
  readonly headers: IncomingHttpHeaders
}

/** Takes the next bytes of a body, decompressed. Returns false when no more are wanted. */
export type Take = (chunk: Buffer) => boolean

/** The receiver of the answer to one request. */
export interface Listener {
  /** Called once, when the headers have come. */
  onAnswer(head: Head): Take
  /** How long nothing may be heard, in milliseconds; called again after each sign of life. */
  silenceMs(): number
}

export type Ending =
  | { readonly kind: 'ended' }
  /** The listener wanted no more. */
  | { readonly kind: 'stopped' }
  | Broken

/** The answer did not come, or not all of it. */
interface Broken {
  readonly kind: 'broken'
  readonly reason: string
  /** Keys, certificates or tokens may be the reason: the next attempt should read them again. */
  readonly distrust?: true
}

/**
 * Sends the request that `begin` creates and passes the answer to the listener. Resolves with the
 * way it ended and never rejects. An error thrown by `begin` is an ending, too: Node.js throws if a
 * token has characters that a header must not have.
 */
export function exchange(
  begin: () => ClientRequest,
  body: string | undefined,
  listener: Listener,
): Promise<Ending> {
  return new Promise((resolve) => {
    const begun = attempt(begin)
    if (begun instanceof Error) return resolve({ ...broken(begun), distrust: true })
    const outgoing = begun
    const alarm = startAlarm(listener.silenceMs, (error) => finish(broken(error)))
    let finished = false
    function finish(ending: Ending): void {
      if (finished) return
      finished = true
      alarm.stop()
      if (ending.kind !== 'ended') outgoing.destroy()
      resolve(ending)
    }
    outgoing.on('error', (error) => finish(broken(error)))
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

function attempt(begin: () => ClientRequest): ClientRequest | Error {
  try {
    return begin()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function decoded(answer: IncomingMessage, onFailure: (reason: string) => void): Readable {
  // Node.js reports "aborted" no matter which end broke the connection.
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
  const distrust = error instanceof Untrusted || isRefusedCertificate(error)
  return { kind: 'broken', reason: messageOf(error), ...(distrust && { distrust }) }
}

/**
 * Whether the server refused the client's certificate. With TLS 1.3 this comes only after the
 * handshake.
 */
function isRefusedCertificate(error: Error): boolean {
  return 'code' in error && String(error.code).startsWith('ERR_SSL_')
}

/** Starts an alarm that calls `onSilence` when nothing is heard for `silenceMs()`. */
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
