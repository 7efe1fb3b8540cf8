import type { IncomingHttpHeaders } from 'node:http'
import type { Ending, Head, Take } from './exchange.ts'

export interface Answered {
  readonly kind: 'answered'
  readonly status: number
  readonly text: string
  /** Milliseconds for which the server asks to be left alone, at most `LONGEST_RETRY_MS`. */
  readonly retryAfterMs: number | undefined
}

export type Answer = Answered | { readonly kind: 'broken'; readonly reason: string }

/** Gathers a short answer while it comes in: a Status, or an Event. */
interface Gathering {
  start(head: Head): Take
  /** Once the exchange has ended. */
  read(ending: Ending): Answer
}

/** Bytes. Lists do not come this way. */
const LONGEST_ANSWER = 4 << 20
/** A server, or a proxy before it, that asks for more does not know how soon it will be well. */
const LONGEST_RETRY_MS = 60_000

export function gatherAnswer(): Gathering {
  const chunks: Buffer[] = []
  let length = 0
  let head: Head | undefined
  return {
    start(incoming) {
      head = incoming
      return (chunk) => {
        chunks.push(chunk)
        length += chunk.length
        return length <= LONGEST_ANSWER
      }
    },
    read(ending) {
      if (ending.kind === 'broken') return ending
      const { status = 0, headers = {} } = head ?? {}
      if (ending.kind === 'stopped') {
        return { kind: 'broken', reason: `${status} with more than ${LONGEST_ANSWER >> 20} MiB` }
      }
      const text = Buffer.concat(chunks).toString()
      return { kind: 'answered', status, text, retryAfterMs: retryAfter(headers) }
    },
  }
}

/**
 * RFC 9110, section 10.2.3: seconds, or a date. A date is held against the server's own clock, which
 * it sends along.
 */
function retryAfter(headers: IncomingHttpHeaders): number | undefined {
  const asked = headers['retry-after']
  if (asked === undefined) return undefined
  const now = Date.parse(headers.date ?? '') || Date.now()
  const ms = /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_RETRY_MS)
}
