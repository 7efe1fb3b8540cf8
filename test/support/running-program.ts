import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Waiting } from './waiting.ts'

/** One line of the log of nodelb. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly event: string }

/** Milliseconds since 1970. */
export function timeOf({ time }: LogLine): number {
  return Date.parse(String(time))
}

/** A command of nodelb that runs until it is ended, as its users see it: a process, its log, its exit. */
export class RunningProgram {
  readonly lines: LogLine[] = []
  /** What was written that is no log. */
  readonly noise: string[] = []
  readonly #process: ChildProcess
  readonly #ended: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>
  readonly #news = new Waiting()
  #read = 0
  #over = false

  protected constructor([file = '', ...args]: readonly string[]) {
    const { NODE_NAME: _, ...env } = process.env
    this.#process = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream !== null) createInterface(stream).on('line', (line) => this.#take(line))
    }
    this.#ended = once(this.#process, 'close').then(([code, signal]) => {
      this.#over = true
      this.#news.wake()
      return [code, signal] as const
    })
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** True once it has ended, in whatever way. */
  get isOver(): boolean {
    return this.#over
  }

  /** The next line about the event that has not been read yet; lines before it count as read. */
  next(event: string, fits: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    return this.#news.until(() => {
      while (this.#read < this.lines.length) {
        const line = this.lines[this.#read++]
        if (line?.event === event && fits(line)) return line
      }
      return this.#nothing(event)
    })
  }

  /** The first line of the whole log about the event, now or later. */
  first(event: string): Promise<LogLine> {
    return this.#news.until(
      () => this.lines.find((line) => line.event === event) ?? this.#nothing(event),
    )
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

  /** Throws if no line will follow any more. */
  #nothing(event: string): undefined {
    if (this.#over) throw new Error(`nodelb ended before ${event}:\n${this.transcript()}`)
    return undefined
  }

  #take(text: string): void {
    const line = parse(text)
    if (line === undefined) this.noise.push(text)
    else this.lines.push(line)
    this.#news.wake()
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
