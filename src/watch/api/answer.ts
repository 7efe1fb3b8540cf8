import type { IncomingHttpHeaders } from 'node:http'
import type { Ending, Head, Take } from './exchange.ts'

export interface Answered {
  readonly kind: 'answered'
  readonly status: number
  readonly text: string
  /** How long the server asks not to be called, in milliseconds, at most `LONGEST_RETRY_MS`. */
  readonly retryAfterMs: number | undefined
}

export type Answer = Answered | { readonly kind: 'broken'; readonly reason: string }

/** Returns why an answer is none that was hoped for, in one line. */
export function refusal(answer: Answer): string {
  if (answer.kind === 'broken') return answer.reason
  return `the API server answers ${answer.status}: ${answer.text.slice(0, 200)}`
}

/** Gathers a short answer, such as a Status or an Event, while it comes in. */
interface Gathering {
  start(head: Head): Take
  /** Returns the whole answer; called once the exchange has ended. */
  read(ending: Ending): Answer
}

/** The longest answer that is gathered, in bytes. Lists are streamed instead. */
const LONGEST_ANSWER = 4 << 20
/**
 * The longest wait that is granted: a server, or a proxy in front of it, that asks for more cannot
 * know how soon it will recover.
 */
const LONGEST_RETRY_MS = 60_000

/** Returns a collector of one answer. It gives `broken` for an answer above `LONGEST_ANSWER`. */
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
 * Reads Retry-After (RFC 9110, section 10.2.3): a number of seconds, or a date. A date is compared
 * with the server's own clock, from the Date header.
 */
function retryAfter(headers: IncomingHttpHeaders): number | undefined {
  const asked = headers['retry-after']
  if (asked === undefined) return undefined
  const now = Date.parse(headers.date ?? '') || Date.now()
  const ms = /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_RETRY_MS)
}
