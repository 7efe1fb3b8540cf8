import { Waiting } from './waiting.ts'

/** What became of the connections that began between two reports. */
export interface ConnectionReport {
  readonly connections: number
  readonly lost: number
  /** The longest time, in milliseconds, between the beginnings of two that were answered. */
  readonly outage: number
}

/** Opens a connection, and tells whether it was answered. */
type Open = (host: string, done: (good: boolean) => void) => void

interface Epoch {
  begun: number
  lost: number
  readonly good: number[]
}

/** Begins connections by a fixed clock, whatever becomes of those before. */
export class Connections {
  readonly #open: Open
  readonly #targets: readonly string[]
  readonly #news = new Waiting()
  #epoch: Epoch = { begun: 0, lost: 0, good: [] }
  #last = performance.now()

  constructor(open: Open, targets: readonly string[]) {
    this.#open = open
    this.#targets = targets
  }

  /** Begins so many in a second. */
  start(rate: number): void {
    const began = performance.now()
    let begun = 0
    setInterval(() => {
      const due = ((performance.now() - began) * rate) / 1000
      for (; begun < due; begun++) this.#begin(begun)
    }, 2)
  }

  /** Resolves with what became of the connections since the last report, once all have ended. */
  async report(): Promise<ConnectionReport> {
    const epoch = this.#epoch
    this.#epoch = { begun: 0, lost: 0, good: [] }
    await this.#news.until(() => epoch.good.length + epoch.lost === epoch.begun || undefined)
    const times = [this.#last, ...epoch.good.toSorted((a, b) => a - b)]
    const gaps = times.slice(1).map((time, at) => time - (times[at] ?? time))
    this.#last = times.at(-1) ?? this.#last
    return { connections: epoch.begun, lost: epoch.lost, outage: Math.max(0, ...gaps) }
  }

  #begin(number: number): void {
    const epoch = this.#epoch
    const began = performance.now()
    epoch.begun += 1
    this.#open(this.#targets[number % this.#targets.length] ?? '', (good) => {
      if (good) epoch.good.push(began)
      else epoch.lost += 1
      this.#news.wake()
    })
  }
}
