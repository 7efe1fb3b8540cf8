import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { BinaryOutput } from '../../src/cli/output.ts'
import { runProgram } from '../../src/cli/program/program.ts'
import { present } from '../../src/model/present.ts'
import { eventually } from './eventually.ts'

/** What a command line comes to. */
export interface Typed {
  readonly code: number
  /** Standard output. */
  readonly out: string
  /** Standard error, by line. */
  readonly said: readonly string[]
}

/** Where a command prints into nothing. */
export const SILENT = { out: (): void => undefined, say: (): void => undefined } as const

/** The version that the program has in tests. */
export const VERSION = '1.2.3'

/** Runs the program in this process, and so in this network, with these words behind its name. */
export function typed(...words: readonly string[]): Promise<Typed> {
  return typedAs('nodelb', words)
}

interface Look {
  readonly colour?: boolean
  /** How wide the terminal is; there is none unless told otherwise. */
  readonly columns?: number
}

/** Runs the program under another name, or on a terminal. */
export async function typedAs(
  name: string,
  words: readonly string[],
  look: Look = {},
): Promise<Typed> {
  const writing = new Writing()
  const code = await runProgram([name, ...words], VERSION, writing.output(look))
  return { code, out: writing.out, said: writing.said }
}

/** What a command has written so far. */
class Writing {
  readonly said: string[] = []
  readonly #out: Buffer[] = []

  get out(): string {
    return Buffer.concat(this.#out).toString()
  }

  output({ colour = false, columns }: Look): BinaryOutput {
    return {
      out: (text) => this.#out.push(Buffer.from(text)),
      bytes: (bytes) => this.#out.push(Buffer.from(bytes)),
      say: (text) => this.said.push(...text.split('\n')),
      ...{ colour, columns },
    }
  }
}

/** A line of the log, as far as all lines are alike. */
type LogLine = Readonly<Record<string, unknown>> & { readonly event: string }

/**
 * A command that runs in this process until a signal comes. What it logs goes into a file in place of
 * standard output.
 */
export class Started {
  readonly ended: Promise<number>
  readonly #writing = new Writing()
  readonly #folder = mkdtempSync(join(tmpdir(), 'nodelb-started-'))
  readonly #stdout = process.stdout.fd
  readonly #fd = openSync(this.#log, 'a')

  private constructor(words: readonly string[], look: Look) {
    Object.assign(process.stdout, { fd: this.#fd })
    this.ended = runProgram(['nodelb', ...words], VERSION, this.#writing.output(look)).finally(() =>
      this.#close(),
    )
  }

  /** Starts it; it ends with the test at the latest. */
  static start(words: readonly string[], look: Look = {}): Started {
    const started = new Started(words, look)
    onTestFinished(async () => {
      started.signal('SIGTERM')
      await started.ended
      rmSync(started.#folder, { recursive: true })
    })
    return started
  }

  get #log(): string {
    return join(this.#folder, 'log')
  }

  /** Standard output without the log. */
  get out(): string {
    return this.#writing.out
  }

  get lines(): readonly LogLine[] {
    const lines = readFileSync(this.#log, 'utf8').split('\n')
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
  }

  /** Resolves with the first line about an event, now or later. */
  async line(event: string): Promise<LogLine> {
    const found = (): LogLine | undefined => this.lines.find((line) => line.event === event)
    const late = (): string => `no ${event}: ${this.lines.map((line) => line.event).join()}`
    await eventually(() => found() !== undefined, { late })
    return present(found())
  }

  /** Resolves with the exit code after this signal. */
  async end(signal: 'SIGTERM' | 'SIGINT'): Promise<number> {
    this.signal(signal)
    return this.ended
  }

  signal(signal: 'SIGTERM' | 'SIGINT'): void {
    process.emit(signal)
  }

  #close(): void {
    Object.assign(process.stdout, { fd: this.#stdout })
    closeSync(this.#fd)
  }
}
