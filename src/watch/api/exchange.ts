// The only file that opens connections to the API server.

import type { ClientRequest, IncomingMessage } from 'node:http'
import { type RequestOptions, request } from 'node:https'

/** Idle time before the kernel asks whether the peer still lives; it notices 10 s later. */
const KEEPALIVE_MS = 15_000

/** Who listens to the answer of one request. */
export interface Listener {
  /** Called once, when the headers are there; returns who takes the chunks of the body. */
  onAnswer(answer: IncomingMessage): (chunk: Buffer) => void
  /** How long nothing may be heard before the connection is given up; asked after each chunk. */
  silenceMs(): number
}

export type Ending =
  | { readonly kind: 'ended' }
  /** The answer did not come, or not whole. */
  | { readonly kind: 'broken'; readonly reason: string }

/** Sends one request and tells the listener what comes back, until it ends one way or the other. */
export function exchange(
  options: RequestOptions,
  body: string | undefined,
  listener: Listener,
): Promise<Ending> {
  return new Promise((resolve) => {
    const outgoing = prepare(options)
    if (outgoing instanceof TypeError) return resolve(broken(outgoing))
    const fail = (error: Error) => end(broken(error))
    const alarm = startAlarm(listener.silenceMs, (error) => {
      fail(error)
      outgoing.destroy()
    })
    function end(ending: Ending): void {
      alarm.stop()
      resolve(ending)
    }
    // The agent has a setting for this, which makes Node.js 20 ask every second over TLS.
    outgoing.on('socket', (socket) => socket.setKeepAlive(true, KEEPALIVE_MS))
    outgoing.on('response', (answer) => {
      const onChunk = listener.onAnswer(answer)
      alarm.wait()
      answer.on('data', (chunk: Buffer) => {
        onChunk(chunk)
        alarm.wait()
      })
      answer.on('end', () => end({ kind: 'ended' }))
      // Node.js says "aborted", whoever did it.
      answer.on('error', () => fail(new Error('the connection broke')))
    })
    outgoing.on('error', fail)
    outgoing.end(body)
  })
}

/** Node.js throws at once for a token that cannot stand in a header. */
function prepare(options: RequestOptions): ClientRequest | TypeError {
  try {
    return request(options)
  } catch (error) {
    if (error instanceof TypeError) return error
    throw error
  }
}

function broken(error: Error): Ending {
  // Of several addresses that were tried, the error itself says nothing.
  const errors = error instanceof AggregateError ? error.errors : [error]
  return { kind: 'broken', reason: errors.map((each: Error) => each.message).join('; ') }
}

/** Goes off when nobody waits anew for as long as `silenceMs` says. */
function startAlarm(silenceMs: () => number, onSilence: (error: Error) => void) {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const alarm = {
    wait() {
      if (stopped) return
      clearTimeout(timer)
      const ms = silenceMs()
      const silent = () => onSilence(new Error(`nothing was heard for ${ms / 1000} s`))
      timer = setTimeout(silent, ms)
    },
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
  alarm.wait()
  return alarm
}
