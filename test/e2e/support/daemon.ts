import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'

/** The last of what a process said is enough to see why it ended. */
const LOG_LENGTH = 64 * 1024

/** A process that runs until it is ended, and never longer than this one. */
export class Daemon {
  readonly #name: string
  readonly #process: ChildProcess
  readonly #exit: Promise<unknown>
  #log = ''

  constructor(program: string, args: readonly string[]) {
    this.#name = program.replace(/.*\//, '')
    // The kernel kills it if the tests die, however they die.
    this.#process = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#exit = once(this.#process, 'exit')
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#log = (this.#log + chunk.toString()).slice(-LOG_LENGTH)
      })
    }
  }

  get log(): string {
    return this.#log
  }

  /** Asks until the answer is yes. Throws when the process ends, or when it takes too long. */
  async until(
    what: string,
    { within, every }: { readonly within: number; readonly every: number },
    ask: () => Promise<boolean>,
  ): Promise<void> {
    const deadline = Date.now() + within
    // Before it listens, asking fails.
    while (!(await ask().catch(() => false))) {
      const gone = this.#process.exitCode !== null || this.#process.signalCode !== null
      if (gone || Date.now() > deadline) {
        throw new Error(`${this.#name} ${gone ? 'ended' : 'is slow'} before ${what}:\n${this.#log}`)
      }
      await pause(every)
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.signal(signal)
    await this.#exit
  }
}
