import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { eventually, type Patience } from '../../support/eventually.ts'

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
  async until(what: string, patience: Patience, ask: () => Promise<boolean>): Promise<void> {
    const trouble = (why: string) => `${this.#name} ${why} before ${what}:\n${this.#log}`
    const asked = async (): Promise<boolean> => {
      const { exitCode, signalCode } = this.#process
      if (exitCode !== null || signalCode !== null) throw new Error(trouble('ended'))
      // Before it listens, asking fails.
      return ask().catch(() => false)
    }
    await eventually(asked, { ...patience, late: () => trouble('is slow') })
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.signal(signal)
    await this.#exit
  }
}
