import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { nodelb } from './lab.ts'

/** One line of the agent's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly event: string }

/** Milliseconds since 1970. */
export function timeOf({ time }: LogLine): number {
  return Date.parse(String(time))
}

/** `nodelb run` as its users see it: a process, its log, its exit. */
export class RunningAgent {
  readonly lines: LogLine[] = []
  /** What was written that is no log. */
  readonly noise: string[] = []
  readonly #process: ChildProcess
  readonly #ended: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>
  readonly #waiting: Set<() => void> = new Set()
  #read = 0
  #over = false

  /**
   * `enter`: the command that runs its arguments where the agent should be. `confine` makes of a
   * command one that has less.
   */
  static start(
    enter: readonly string[],
    args: readonly string[],
    confine: (command: readonly string[]) => readonly string[] = (command) => command,
  ): RunningAgent {
    const command = [process.execPath, nodelb, 'run', '--log-level', 'debug', ...args]
    return new RunningAgent([...enter, ...confine(command)])
  }

  private constructor([file = '', ...args]: readonly string[]) {
    const { NODE_NAME: _, ...env } = process.env
    this.#process = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream !== null) createInterface(stream).on('line', (line) => this.#take(line))
    }
    this.#ended = once(this.#process, 'close').then(([code, signal]) => {
      this.#over = true
      this.#wake()
      return [code, signal] as const
    })
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** The next line about the event that has not been read yet; lines before it count as read. */
  async next(event: string, fits: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    for (;;) {
      while (this.#read < this.lines.length) {
        const line = this.lines[this.#read++]
        if (line?.event === event && fits(line)) return line
      }
      if (this.#over) throw new Error(`the agent ended before ${event}:\n${this.transcript()}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  /** What follows is awaited from here on. */
  skip(): void {
    this.#read = this.lines.length
  }

  /** What has been read is read again. */
  rewind(): void {
    this.#read = 0
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Ends the process and tells how: its exit code, or the signal that killed it. */
  async end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    this.kill(signal)
    return this.ended()
  }

  async ended(): Promise<number | NodeJS.Signals | null> {
    const [code, signal] = await this.#ended
    return code ?? signal
  }

  transcript(): string {
    return [...this.lines.map((line) => JSON.stringify(line)), ...this.noise].join('\n')
  }

  #take(text: string): void {
    const line = parse(text)
    if (line === undefined) this.noise.push(text)
    else this.lines.push(line)
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

function parse(text: string): LogLine | undefined {
  try {
    const value = JSON.parse(text)
    return typeof value?.event === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
