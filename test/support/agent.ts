import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** What became of one connection. */
export type ProbeResult =
  | { readonly kind: 'answered'; readonly pod: string; readonly peer: string }
  | { readonly kind: 'refused' }
  | { readonly kind: 'dropped' }
  | { readonly kind: 'failed'; readonly error: string }

/** Where a connection goes, and from which of the namespace's addresses. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  readonly bind?: string
  readonly timeout: number
}

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

const answering = fileURLToPath(new URL('agent.mjs', import.meta.url))

/** The process that stands in one namespace: answers connections and makes them. */
export class Agent {
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 0

  /** `entry`: what `ip` runs a command there with; `program`: the script, and options before it. */
  constructor(
    namespace: string,
    entry: readonly string[] = ['netns', 'exec'],
    program: readonly string[] = [answering],
  ) {
    this.#process = spawn('ip', [...entry, namespace, process.execPath, ...program], {
      stdio: ['pipe', 'pipe', 'inherit'],
      // A Ctrl-C is for the tests; the agent ends with its stdin.
      detached: true,
    })
    this.#process.stdin?.on('error', () => {})
    this.#process.on('exit', (code) => this.#fail(`the agent in ${namespace} ended (${code})`))
    const output = this.#process.stdout
    if (output === null) throw new Error('an agent without stdout')
    createInterface({ input: output }).on('line', (line) => this.#receive(line))
  }

  /** Sends one command; resolves with what the agent answers. */
  request<Result>(command: string, parameters: object): Promise<Result> {
    const id = this.#nextId++
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (result) => resolve(result as Result), reject })
      this.#process.stdin?.write(`${JSON.stringify({ ...parameters, id, command })}\n`)
    })
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = new Promise<void>((resolve) => {
      this.#process.once('exit', () => resolve())
    })
    this.#process.stdin?.end()
    await ended
  }

  #receive(line: string): void {
    const answer = JSON.parse(line) as { id: number; result?: unknown; error?: string }
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (answer.error === undefined) waiting?.resolve(answer.result)
    else waiting?.reject(new Error(answer.error))
  }

  #fail(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(reason))
    this.#waiting.clear()
  }
}
