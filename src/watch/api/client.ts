import { Agent, type RequestOptions } from 'node:https'
import { unreachable } from '../../model/unreachable.ts'
import { type Answer, gatherAnswer } from './answer.ts'
import { type Access, type ApiLocation, readAccess } from './credentials.ts'
import { type Ending, exchange, type Listener } from './exchange.ts'
import { type Cut, type JsonParts, JsonSplitter, LARGEST_PART } from './json-splitter.ts'

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PATCH'
  /** With its query. */
  readonly path: string
  /** Sent as JSON. */
  readonly body?: unknown
  /** Default `application/json`. */
  readonly contentType?: string
  readonly signal: AbortSignal
}

/** A GET whose answer is read while it comes: a list, or a watch, which has no end of its own. */
export interface Stream {
  readonly path: string
  readonly signal: AbortSignal
  /** Whether compression is worth its while. */
  readonly long: boolean
  /** The server answers with 200. */
  onOpen?(): void
  readonly parts: JsonParts
  /** Milliseconds for which the server may be silent once it has answered; asked again each time. */
  silenceMs?(): number
}

export type StreamEnding =
  /** Also where the listener wanted no more. */
  | { readonly kind: 'ended'; readonly unfinished: boolean }
  | { readonly kind: 'garbage'; readonly found: string }
  /** With another status than 200. */
  | Answer

/** Longer than the 60 s after which the API server itself gives up a request. */
const ANSWER_MS = 65_000
/** For so long client-go trusts a token that it read from a file, too. */
const ACCESS_MS = 60_000

/** Speaks to the API server as whom the credentials say. What goes wrong is a value. */
export class ApiClient {
  readonly #location: ApiLocation
  readonly #userAgent: string
  readonly #agent: Agent = new Agent({ keepAlive: true })
  #access: Promise<Access> | undefined
  #accessUntil = 0

  /** `userAgent` is the program's name in the server's audit log. */
  constructor(location: ApiLocation, userAgent: string) {
    this.#location = location
    this.#userAgent = userAgent
  }

  /** One request and its whole answer, whatever the status. */
  async fetch({ method = 'GET', path, body, contentType, signal }: Call): Promise<Answer> {
    const headers = body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }
    const answer = gatherAnswer()
    const sent = body === undefined ? undefined : JSON.stringify(body)
    const ending = await this.#exchange(path, { method, headers, signal }, sent, {
      onAnswer: answer.start,
      silenceMs: () => ANSWER_MS,
    })
    return answer.read(ending)
  }

  /** Tells object by object what comes with status 200; returns how it ended. */
  async stream({ path, signal, long, ...stream }: Stream): Promise<StreamEnding> {
    const refusal = gatherAnswer()
    const splitter = new JsonSplitter(stream.parts)
    let open = false
    let cut: Cut = { kind: 'more' }
    const headers = long ? { 'accept-encoding': 'gzip' } : {}
    const ending = await this.#exchange(path, { headers, signal }, undefined, {
      onAnswer(head) {
        if (head.status !== 200) return refusal.start(head)
        open = true
        stream.onOpen?.()
        return (chunk) => {
          cut = splitter.take(chunk)
          return cut.kind === 'more'
        }
      },
      silenceMs: () => (open && stream.silenceMs?.()) || ANSWER_MS,
    })
    if (!open) return refusal.read(ending)
    return ending.kind === 'broken' ? ending : endingOf(cut, splitter.unfinished)
  }

  /** The server did not know us: credentials are read anew for the next request. */
  forgetCredentials(): void {
    this.#accessUntil = 0
  }

  /** Closes idle connections. Those in use end with their signal. */
  close(): void {
    this.#agent.destroy()
  }

  async #exchange(
    path: string,
    request: RequestOptions,
    body: string | undefined,
    listener: Listener,
  ): Promise<Ending> {
    const prepared = await this.#prepare(path, request)
    if (prepared.kind === 'broken') return prepared
    const ending = await exchange(prepared.options, body, listener)
    if (ending.kind === 'broken' && ending.distrust) this.forgetCredentials()
    return ending
  }

  async #prepare(path: string, request: RequestOptions): Promise<Prepared> {
    const access = await this.#readAccess()
    if (access.kind === 'unknown') {
      this.forgetCredentials()
      return { kind: 'broken', reason: access.reason }
    }
    const { server, options } = access
    const headers = {
      accept: 'application/json',
      'user-agent': this.#userAgent,
      ...request.headers,
      ...options.headers,
    }
    const place = {
      protocol: server.protocol,
      // Brackets are for addresses in a URL, not for connecting to them.
      host: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port,
      path: server.pathname.replace(/\/$/, '') + path,
    }
    return {
      kind: 'ready',
      options: { agent: this.#agent, ...options, ...request, ...place, headers },
    }
  }

  /** Several that ask at once share one reading. */
  #readAccess(): Promise<Access> {
    if (this.#access === undefined || performance.now() >= this.#accessUntil) {
      this.#access = readAccess(this.#location)
      this.#accessUntil = performance.now() + ACCESS_MS
    }
    return this.#access
  }
}

type Prepared =
  | { readonly kind: 'ready'; readonly options: RequestOptions }
  | { readonly kind: 'broken'; readonly reason: string }

function endingOf(cut: Cut, unfinished: boolean): StreamEnding {
  switch (cut.kind) {
    case 'more':
    case 'enough':
      return { kind: 'ended', unfinished }
    case 'garbage':
      return cut
    case 'too-large':
      return { kind: 'broken', reason: `one object has more than ${LARGEST_PART >> 20} MiB` }
    default:
      return unreachable(cut)
  }
}
