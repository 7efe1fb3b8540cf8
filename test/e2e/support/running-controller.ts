import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { nodelb } from '../../support/lab.ts'
import type { LogLine } from '../../support/running-agent.ts'

/** How long a line of the log is waited for, in milliseconds. */
const PATIENCE_MS = 60_000

/** `nodelb controller` as its users see it: a process, its log, its exit. */
export class RunningController {
  readonly lines: LogLine[] = []
  readonly #process: ChildProcess
  readonly #ended: Promise<unknown>
  readonly #waiting: Set<() => void> = new Set()
  #over = false

  /** Starts it without any capability, as deploy/ does. It keeps the user, who owns the files here. */
  static start(kubeconfig: string, ...args: readonly string[]): RunningController {
    return new RunningController([
      ...['--bounding-set=-all', '--inh-caps=-all', '--no-new-privs', '--pdeathsig=KILL', '--'],
      ...[process.execPath, nodelb, 'controller', '--kubeconfig', kubeconfig, ...args],
    ])
  }

  private constructor(args: readonly string[]) {
    this.#process = spawn('setpriv', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const { stdout } = this.#process
    if (stdout !== null) createInterface(stdout).on('line', (line) => this.#take(line))
    this.#ended = once(this.#process, 'close').then(() => {
      this.#over = true
      this.#wake()
    })
  }

  /** Resolves with the first line of the log that fits, now or later. */
  async until(fits: (line: LogLine) => boolean): Promise<LogLine> {
    const late = AbortSignal.timeout(PATIENCE_MS)
    for (;;) {
      const found = this.lines.find(fits)
      if (found !== undefined) return found
      if (this.#over || late.aborted) {
        const log = this.lines.map((line) => JSON.stringify(line)).join('\n')
        throw new Error(`the controller ${this.#over ? 'ended' : 'is slow'}; it logged:\n${log}`)
      }
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve)
        late.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.#process.kill(signal)
    await this.#ended
  }

  #take(text: string): void {
    try {
      this.lines.push(JSON.parse(text) as LogLine)
    } catch {
      this.lines.push({ event: 'noise', text })
    }
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}
