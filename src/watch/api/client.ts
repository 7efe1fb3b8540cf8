import { Agent, type RequestOptions } from 'node:https'
import { type Answer, gatherAnswer } from './answer.ts'
import { type Access, type ApiLocation, readAccess } from './credentials.ts'
import { type Ending, exchange } from './exchange.ts'
import { lineSplitter } from './lines.ts'

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

/** A request whose answer comes line by line and has no end of its own. */
export interface Following {
  readonly path: string
  readonly signal: AbortSignal
  onOpen(): void
  onLine(line: string): void
  /** How long the server may be silent; asked again after whatever it sends. */
  silenceMs(): number
}

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
    const type = body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }
    const headers = { ...type, 'accept-encoding': 'gzip' }
    const prepared = await this.#prepare(path, { method, headers, signal })
    if (prepared.kind === 'broken') return prepared
    const answer = gatherAnswer()
    const sent = body === undefined ? undefined : JSON.stringify(body)
    const ending = await exchange(prepared.options, sent, {
      onAnswer: answer.start,
      silenceMs: () => ANSWER_MS,
    })
    return ending.kind === 'ended' ? answer.read() : ending
  }

  /** Tells line by line what comes with status 200; returns the answer if it has another status. */
  async follow(following: Following): Promise<Ending | Answer> {
    const prepared = await this.#prepare(following.path, { signal: following.signal })
    if (prepared.kind === 'broken') return prepared
    const refusal = gatherAnswer()
    let open = false
    const ending = await exchange(prepared.options, undefined, {
      onAnswer(message) {
        if (message.statusCode !== 200) return refusal.start(message)
        open = true
        following.onOpen()
        const split = lineSplitter()
        return (chunk) => split(chunk).forEach(following.onLine)
      },
      silenceMs: () => (open ? following.silenceMs() : ANSWER_MS),
    })
    return open || ending.kind === 'broken' ? ending : refusal.read()
  }

  /** The server did not know us: credentials are read anew for the next request. */
  forgetCredentials(): void {
    this.#accessUntil = 0
  }

  /** Closes idle connections. Those in use end with their signal. */
  close(): void {
    this.#agent.destroy()
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
    if (this.#access === undefined || Date.now() >= this.#accessUntil) {
      this.#access = readAccess(this.#location)
      this.#accessUntil = Date.now() + ACCESS_MS
    }
    return this.#access
  }
}

type Prepared =
  | { readonly kind: 'ready'; readonly options: RequestOptions }
  | { readonly kind: 'broken'; readonly reason: string }
