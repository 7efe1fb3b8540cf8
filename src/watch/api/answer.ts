import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

export interface Answered {
  readonly kind: 'answered'
  readonly status: number
  readonly text: string
  /** How long the server asks to be left alone. */
  readonly retryAfterMs: number | undefined
}

export type Answer = Answered | { readonly kind: 'broken'; readonly reason: string }

/** Gathers an answer while it comes in. */
export interface Gathering {
  start(message: IncomingMessage): (chunk: Buffer) => void
  /** Once it is there whole. */
  read(): Promise<Answer>
}

const unzip = promisify(gunzip)

export function gatherAnswer(): Gathering {
  const chunks: Buffer[] = []
  let message: IncomingMessage | undefined
  return {
    start(incoming) {
      message = incoming
      return (chunk) => chunks.push(chunk)
    },
    async read() {
      const headers = message?.headers ?? {}
      const text = await textOf(Buffer.concat(chunks), headers['content-encoding'])
      if (text === undefined) return { kind: 'broken', reason: 'the answer is not well compressed' }
      const retryAfterMs = millisecondsOf(headers['retry-after'])
      return { kind: 'answered', status: message?.statusCode ?? 0, text, retryAfterMs }
    },
  }
}

async function textOf(body: Buffer, encoding: string | undefined): Promise<string | undefined> {
  if (encoding !== 'gzip') return body.toString()
  return unzip(body).then(
    (text) => text.toString(),
    () => undefined,
  )
}

/** The API server writes seconds. */
function millisecondsOf(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d{1,4}$/.test(retryAfter)
    ? Number(retryAfter) * 1000
    : undefined
}
