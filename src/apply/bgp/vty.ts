// The only file that talks to the daemons of FRR.

import { connect, type Socket } from 'node:net'
import { withRemedy } from '../no-descriptors.ts'
import { type Answer, AnswerReader } from './answers.ts'

type Asked =
  /** One answer for each command. */
  | { readonly kind: 'answered'; readonly answers: readonly Answer[] }
  /** The conversation is over; it is unknown which of the commands were carried out. */
  | { readonly kind: 'broken'; readonly reason: string }

type Opened =
  | { readonly kind: 'open'; readonly vty: Vty }
  | { readonly kind: 'failed'; readonly code: string; readonly reason: string }

interface VtyOptions {
  /** The daemon's socket, such as /run/frr/bgpd.vty. */
  readonly path: string
  /** Called once when the conversation is over, but not after `close`. */
  readonly broke: (reason: string) => void
  /** Milliseconds without a byte of an answer after which the daemon counts as hung. */
  readonly patience?: number
  /** Bytes that one answer may have. */
  readonly limit?: number
}

interface Waiting {
  readonly count: number
  readonly answers: Answer[]
  readonly resolve: (asked: Asked) => void
}

/** Far more than a command of ours takes: the slowest, an entry of a map among thousands, had 40 ms. */
const PATIENCE = 30_000
/** A hundred thousand prefixes make 8 MB. */
const LIMIT = 64 << 20

/**
 * A conversation with a daemon of FRR through its vty socket: each command ends with a zero, and each
 * answer with three and a code (FRR's lib/vty.c, `vtysh_read`). Commands are not held back until those
 * before them are answered. It never begins again by itself: what the daemon held is void then.
 */
export class Vty {
  readonly #socket: Socket
  readonly #reader: AnswerReader
  readonly #broke: (reason: string) => void
  readonly #patience: number
  readonly #waiting: Waiting[] = []
  #timer: NodeJS.Timeout | undefined
  #over: string | undefined

  private constructor(socket: Socket, { broke, patience, limit }: VtyOptions) {
    this.#socket = socket
    this.#reader = new AnswerReader(limit ?? LIMIT)
    this.#broke = broke
    this.#patience = patience ?? PATIENCE
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('error', ({ message }) => this.#break(message))
    socket.on('close', () => this.#break('the daemon ended the conversation'))
  }

  /** Connects, and asks for the right to change things. */
  static async open(options: VtyOptions): Promise<Opened> {
    const socket = connect({ path: options.path })
    const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      socket.once('error', resolve)
      socket.once('connect', () => resolve(undefined))
    })
    if (failure !== undefined) {
      return { kind: 'failed', code: failure.code ?? '', reason: withRemedy(failure.message) }
    }
    socket.removeAllListeners('error')
    const vty = new Vty(socket, options)
    const asked = await vty.ask(['enable'])
    if (asked.kind === 'answered' && asked.answers[0]?.code === 0) return { kind: 'open', vty }
    vty.close()
    const said = asked.kind === 'broken' ? asked.reason : `it answers: ${asked.answers[0]?.text}`
    return { kind: 'failed', code: 'EPROTO', reason: `${options.path}: ${said}` }
  }

  /** Has commands carried out one after the other; those of several calls keep their order. */
  ask(commands: readonly string[]): Promise<Asked> {
    if (this.#over !== undefined) return Promise.resolve({ kind: 'broken', reason: this.#over })
    if (commands.length === 0) return Promise.resolve({ kind: 'answered', answers: [] })
    return new Promise((resolve) => {
      this.#waiting.push({ count: commands.length, answers: [], resolve })
      if (this.#waiting.length === 1) this.#wait()
      this.#socket.write(commands.map((command) => `${command}\0`).join(''))
    })
  }

  /** Ends the conversation; what was asked and not answered counts as broken. */
  close(): void {
    this.#end('nodelb ended the conversation')
  }

  #take(bytes: Uint8Array): void {
    const read = this.#reader.read(bytes)
    if (read.kind === 'unreadable') {
      this.#break(read.reason)
      return
    }
    for (const answer of read.answers) {
      const [first] = this.#waiting
      if (first === undefined) {
        this.#break('the daemon answers what was not asked')
        return
      }
      first.answers.push(answer)
      if (first.answers.length < first.count) continue
      this.#waiting.shift()
      first.resolve({ kind: 'answered', answers: first.answers })
    }
    this.#wait()
  }

  /** Has the daemon a while to go on, if it owes an answer. */
  #wait(): void {
    clearTimeout(this.#timer)
    if (this.#waiting.length === 0) return
    const hung = `the daemon has said nothing for ${this.#patience / 1000} s`
    this.#timer = setTimeout(() => this.#break(hung), this.#patience)
  }

  #break(reason: string): void {
    if (this.#over !== undefined) return
    this.#end(reason)
    this.#broke(reason)
  }

  #end(reason: string): void {
    if (this.#over !== undefined) return
    this.#over = reason
    clearTimeout(this.#timer)
    this.#socket.destroy()
    for (const { resolve } of this.#waiting.splice(0)) resolve({ kind: 'broken', reason })
  }
}
