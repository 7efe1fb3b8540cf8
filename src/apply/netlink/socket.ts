// npm netlink 0.3.0 calls JavaScript from libuv callbacks that abort the process when anything is
// thrown, and crashes when a socket closes inside one. Every callback here therefore only queues a
// setImmediate, which runs after native code has returned. See also raw-socket.ts.

import { Announcements } from './announcements.ts'
import { Buffers } from './buffers.ts'
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST } from './constants.ts'
import {
  type Conversation,
  type Dump,
  dumpConversation,
  type RequestFailure,
  requestConversation,
  type TransactOutcome,
  walkConversation,
} from './conversation.ts'
import { type Exchange, type Inquiry, type Line, startExchange } from './exchange.ts'
import { askGeneration } from './generation.ts'
import { batchInquiry, requestInquiry, seriesInquiry } from './inquiries.ts'
import { frameBatch, parseDatagram, type Reply, type Request } from './message.ts'
import { NetlinkError } from './netlink-error.ts'
import { LONG, openRaw, type RawOptions, RECEIVE_BUFFER, SHORT } from './open-raw.ts'
import { type Arrival, asNetlinkError, type RawSocket } from './raw-socket.ts'
import { SequenceNumbers } from './sequence-numbers.ts'

interface SocketOptions extends RawOptions {
  /** Milliseconds without an answer after which a request is given up. */
  readonly timeLimit?: number
}

/** Bytes below which a datagram is copied: the full size, which npm netlink allocates for each, can be freed then. */
const WORTH_COPYING = 2048
const TIME_LIMIT = 30_000

/**
 * One netlink socket, and another one for dumps. V8 does not know of the memory that npm netlink
 * takes for datagrams, so it may stay until the next full collection, however large it grows.
 * Requests wait for each other, so there is never more than one dump.
 */
export class NetlinkSocket {
  readonly #raw: RawSocket
  readonly #openReader: (() => NetlinkSocket) | undefined
  #reader: NetlinkSocket | undefined
  readonly #line: Line
  readonly #announcements: Announcements = new Announcements()
  readonly #buffers: Buffers
  readonly #sequence: SequenceNumbers = new SequenceNumbers()
  #queue: Promise<unknown> = Promise.resolve()
  #exchange: Exchange | undefined
  #closed: NetlinkError | undefined
  #arrivals = 0

  /**
   * Opens a socket. Throws NetlinkError where the kernel has no such protocol or /proc cannot be
   * read.
   */
  static open(options: SocketOptions = {}): NetlinkSocket {
    const { groups: _, filter: __, ...plain } = options
    const openReader = () => NetlinkSocket.over(openRaw(plain, LONG), plain)
    return new NetlinkSocket(openRaw(options, SHORT), options, openReader)
  }

  /** Wraps a socket opened elsewhere, such as in a test; dumps use it as well. */
  static over(raw: RawSocket, options: SocketOptions = {}): NetlinkSocket {
    return new NetlinkSocket(raw, options)
  }

  private constructor(raw: RawSocket, options: SocketOptions, openReader?: () => NetlinkSocket) {
    this.#raw = raw
    this.#openReader = openReader
    this.#line = {
      send: (...frame) => this.#send('send', ...frame),
      sendFromThread: (...frame) => this.#send('sendFromThread', ...frame),
      arrivals: () => this.#arrivals,
      shut: (reason) => this.#shut(reason),
      timeLimit: options.timeLimit ?? TIME_LIMIT,
    }
    this.#buffers = new Buffers(raw, options.receiveBuffer ?? RECEIVE_BUFFER)
    raw.listen(
      (arrival) => {
        if (!arrival.multicast) this.#arrivals += 1
        setImmediate(() => this.#receive(arrival))
      },
      ({ code }) => {
        setImmediate(() => this.#shut(new NetlinkError(code, 'netlink socket broke')))
      },
    )
  }

  /**
   * Returns everything that the request selects. Rejects with NetlinkError if the kernel refuses.
   */
  dump(request: Request): Promise<Dump> {
    return (
      this.#byReader((reader) => reader.dump(request)) ??
      this.#ask(request, NLM_F_DUMP, dumpConversation(request.type))
    )
  }

  /**
   * Does the same as `dump`, but hands over each reply as it comes; it is valid only during the
   * call. Other work of the event loop goes on between datagrams.
   */
  walk(request: Request, visit: (reply: Reply) => void): Promise<void> {
    const walked = this.#byReader((reader) => reader.walk(request, visit))
    if (walked !== undefined) return walked
    const conversation = walkConversation(request.type, visit, () => undefined)
    return this.#ask(request, NLM_F_DUMP, conversation)
  }

  /** Returns the answers to one request outside a batch. Rejects with NetlinkError. */
  request(request: Request): Promise<readonly Reply[]> {
    return this.#ask(request, NLM_F_ACK, requestConversation(request.type))
  }

  /**
   * Sends a few hundred independent requests in one datagram; returns the failures. See series.ts.
   */
  series(requests: readonly Request[]): Promise<readonly RequestFailure[]> {
    return this.#enqueue(() => {
      const first = this.#sequence.reserve(requests.length)
      const inquiry = seriesInquiry(requests, first)
      this.#buffers.makeRoom(inquiry.frame.length, requests.length)
      return this.#converse(inquiry)
    })
  }

  /**
   * Returns the generation of the rule set, which every commit raises. Rejects with NetlinkError.
   */
  generation(): Promise<number> {
    return askGeneration((request) => this.request(request))
  }

  /**
   * Applies all requests or none, if the rule set still has this generation (0: any). The event loop goes on while the
   * kernel commits a large batch, unless `committed` is to be called at once, while the result waits for the loop.
   * Rejects with NetlinkError if the kernel refuses the batch as a whole, such as with EPERM without CAP_NET_ADMIN.
   */
  transact(
    requests: readonly Request[],
    generation: number,
    committed?: () => void,
  ): Promise<TransactOutcome> {
    return this.#enqueue<TransactOutcome>(async () => {
      if (requests.length === 0) return { kind: 'committed' }
      const begin = this.#sequence.reserve(requests.length + 3)
      const frame = frameBatch(requests, generation, begin)
      const limit = this.#buffers.makeRoom(frame.length, requests.length)
      if (frame.length > limit) return { kind: 'too-large', bytes: frame.length, limit }
      const numbers = { begin, requests: requests.length, limit }
      const atOnce = committed && { committed, peek: () => this.#raw.peek() }
      return this.#converse(batchInquiry(frame, numbers, atOnce))
    })
  }

  /**
   * Calls the listener for every announcement to the joined groups; returns a function that stops
   * it.
   */
  onMessage(listener: (reply: Reply) => void): () => void {
    return this.#announcements.listen(listener)
  }

  /**
   * Returns how many messages were lost since the socket opened because they were not read in time;
   * 0 after it closed.
   */
  drops(): number {
    return this.#closed ? 0 : (this.#raw.drops() ?? 0)
  }

  /** Closes the socket; requests under way reject with ECANCELED. */
  close(): void {
    this.#shut(new NetlinkError('ECANCELED', 'netlink socket closed'))
  }

  #shut(reason: NetlinkError): void {
    if (this.#closed) return
    this.#closed = reason
    this.#announcements.end()
    this.#exchange?.abort(reason)
    this.#reader?.close()
    // Never close right away: a promise may have led here from inside a native callback.
    setImmediate(() => this.#raw.close())
  }

  /**
   * Runs a dump on the reader, which opens for the first dump and after it broke; undefined where
   * this socket does everything itself.
   */
  #byReader<Result>(dump: (reader: NetlinkSocket) => Promise<Result>): Promise<Result> | undefined {
    const open = this.#openReader
    if (open === undefined) return undefined
    return this.#enqueue(() => {
      const before = this.#reader
      const reader = before === undefined || before.#closed !== undefined ? open() : before
      this.#reader = reader
      return dump(reader)
    })
  }

  #ask<Result>(
    request: Request,
    flags: number,
    conversation: Conversation<Result>,
  ): Promise<Result> {
    const message = { ...request, flags: request.flags | NLM_F_REQUEST | flags }
    return this.#enqueue(() =>
      this.#converse(requestInquiry(message, this.#sequence.reserve(1), conversation)),
    )
  }

  #enqueue<Result>(task: () => Promise<Result>): Promise<Result> {
    const run = this.#queue.then(() => {
      if (this.#closed) throw this.#closed
      return task()
    })
    this.#queue = run.catch(() => undefined)
    return run
  }

  #converse<Result>(inquiry: Inquiry<Result>): Promise<Result> {
    return startExchange(this.#line, inquiry, (exchange) => {
      this.#exchange = exchange
    })
  }

  #send(how: 'send' | 'sendFromThread', frame: Buffer, sent: (code?: string) => void): void {
    if (this.#closed) return
    try {
      this.#raw[how](frame, (error) => setImmediate(sent, error?.code))
    } catch (error) {
      setImmediate(sent, asNetlinkError(error).code)
    }
  }

  #receive({ datagram, truncated, multicast }: Arrival): void {
    if (this.#closed) return
    const bytes = datagram.length < WORTH_COPYING ? Buffer.from(datagram) : datagram
    const replies = parseDatagram(bytes)
    if (multicast) for (const reply of replies) this.#announcements.announce(reply)
    else {
      if (truncated) this.#exchange?.damage()
      for (const reply of replies) this.#exchange?.accept(reply)
    }
  }
}
