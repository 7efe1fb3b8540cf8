import { unreachable } from '../../model/unreachable.ts'
import { type Answer, gatherAnswer } from './answer.ts'
import { Connections, type Sending } from './connections.ts'
import {
  type Access,
  type ApiLocation,
  Credentials,
  type Place,
  type Unknown,
} from './credentials.ts'
import { type Ending, exchange, type Listener } from './exchange.ts'
import { type Cut, type JsonParts, JsonSplitter, LARGEST_PART } from './json-splitter.ts'

interface Call {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** The path with its query. */
  readonly path: string
  /** The body, which is sent as JSON. */
  readonly body?: unknown
  /** `application/json` by default. */
  readonly contentType?: string
  readonly signal: AbortSignal
}

/**
 * A GET whose answer is read while it comes in: a list, or a watch, which has no end of its own.
 */
interface Stream {
  readonly path: string
  readonly signal: AbortSignal
  /** Whether the answer is long enough for compression to be worthwhile. */
  readonly long: boolean
  /** Called when the server answers with 200. */
  onOpen?(): void
  readonly parts: JsonParts
  /**
   * How long the server may be silent after it has answered, in milliseconds; called before each
   * wait.
   */
  silenceMs?(): number
}

export type StreamEnding =
  /** The answer ended, or the listener wanted no more. */
  | { readonly kind: 'ended'; readonly unfinished: boolean }
  | { readonly kind: 'garbage'; readonly found: string }
  /** The answer has another status than 200, or did not come. */
  | Answer

/**
 * The longest silence of the server, in milliseconds: longer than the 60 s after which the API
 * server itself gives up a request.
 */
const ANSWER_MS = 65_000
/**
 * How long credentials are used before they are read again; client-go trusts a token file as long.
 */
const ACCESS_MS = 60_000

/**
 * Sends requests to the API server with the configured credentials. Failures are values; no method
 * throws.
 */
export class ApiClient {
  readonly #userAgent: string
  readonly #closing = new AbortController()
  readonly #credentials: Credentials
  #access: Promise<Access | Unknown> | undefined
  /** The time until which `#access` is used, by the monotonic clock. */
  #accessUntil = 0
  #connections: { readonly place: string; readonly to: Connections } | undefined

  /** `userAgent` is the program's name in the server's audit log. */
  constructor(location: ApiLocation, userAgent: string) {
    this.#credentials = new Credentials(location, this.#closing.signal)
    this.#userAgent = userAgent
  }

  /** Sends one request and returns the whole answer, whatever its status; `broken` if none came. */
  async fetch({ method = 'GET', path, body, contentType, signal }: Call): Promise<Answer> {
    const headers = body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }
    const answer = gatherAnswer()
    const sent = body === undefined ? undefined : JSON.stringify(body)
    const ending = await this.#exchange({ method, path, headers, signal }, sent, {
      onAnswer: answer.start,
      silenceMs: () => ANSWER_MS,
    })
    return answer.read(ending)
  }

  /**
   * Passes each object of an answer with status 200 to `parts`, and returns how the answer ended.
   * An answer with another status is returned whole.
   */
  async stream({ path, signal, long, ...stream }: Stream): Promise<StreamEnding> {
    const refusal = gatherAnswer()
    const splitter = new JsonSplitter(stream.parts)
    let open = false
    let cut: Cut = { kind: 'more' }
    const headers = long ? { 'accept-encoding': 'gzip' } : {}
    const ending = await this.#exchange({ method: 'GET', path, headers, signal }, undefined, {
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

  /**
   * Has the next request read all credentials again, because the server did not accept ours, or we
   * did not accept the server's.
   */
  forgetCredentials(): void {
    this.#accessUntil = 0
    this.#credentials.forget()
  }

  /** Ends all connections, and kills a credential plugin that still runs. */
  close(): void {
    this.#closing.abort()
    this.#connections?.to.close()
  }

  async #exchange(sending: Sending, body: string | undefined, listener: Listener): Promise<Ending> {
    const access = await this.#readAccess()
    if (access.kind === 'unknown') {
      this.forgetCredentials()
      return { kind: 'broken', reason: access.reason }
    }
    const headers = {
      accept: 'application/json',
      'user-agent': this.#userAgent,
      ...sending.headers,
      ...access.headers,
    }
    const connections = this.#connectionsTo(access.place)
    const begin = () => connections.begin({ ...sending, headers })
    const ending = await exchange(begin, body, listener)
    if (ending.kind === 'broken' && ending.distrust) this.forgetCredentials()
    return ending
  }

  /** Returns the credentials; requests at the same time share one reading. */
  #readAccess(): Promise<Access | Unknown> {
    if (this.#access === undefined || performance.now() >= this.#accessUntil) {
      this.#access = this.#credentials.read()
      this.#accessUntil = performance.now() + ACCESS_MS
    }
    return this.#access
  }

  /** Returns the same connections until the server, the proxy or a certificate changes. */
  #connectionsTo(place: Place): Connections {
    const text = JSON.stringify(place)
    if (this.#connections?.place === text) return this.#connections.to
    this.#connections?.to.retire()
    this.#connections = { place: text, to: new Connections(place) }
    return this.#connections.to
  }
}

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
