import { Waiting } from './waiting.ts'

/** What became of the connections that began between two reports. */
export interface ConnectionReport {
  readonly connections: number
  readonly lost: number
  /** To whom those were that were lost, and when they began, since 1970. */
  readonly losses: readonly { readonly host: string; readonly at: number }[]
  /** The longest time, in milliseconds, between the beginnings of two that were answered. */
  readonly outage: number
  /** How many were answered by whom. */
  readonly through: Readonly<Record<string, number>>
}

/** Opens a connection, and tells who answered, if anybody did. */
export type Open = (host: string, done: (name?: string) => void) => void

interface Epoch {
  begun: number
  readonly losses: { readonly host: string; readonly at: number }[]
  readonly good: number[]
  readonly through: Record<string, number>
}

/** Begins connections by a fixed clock, whatever becomes of those before. */
export class Connections {
  readonly #open: Open
  readonly #targets: readonly string[]
  readonly #news = new Waiting()
  #epoch = newEpoch()
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
    }, timerOf(rate))
  }

  /** Resolves with what became of the connections since the last report, once all have ended. */
  async report(): Promise<ConnectionReport> {
    const epoch = this.#epoch
    this.#epoch = newEpoch()
    await this.#news.until(
      () => epoch.good.length + epoch.losses.length === epoch.begun || undefined,
    )
    const times = [this.#last, ...epoch.good.toSorted((a, b) => a - b)]
    const gaps = times.slice(1).map((time, at) => time - (times[at] ?? time))
    this.#last = times.at(-1) ?? this.#last
    const { begun: connections, losses, through } = epoch
    return { connections, lost: losses.length, losses, outage: Math.max(0, ...gaps), through }
  }

  #begin(number: number): void {
    const epoch = this.#epoch
    const began = performance.now()
    epoch.begun += 1
    const host = this.#targets[number % this.#targets.length] ?? ''
    this.#open(host, (name) => {
      if (name === undefined) epoch.losses.push({ host, at: performance.timeOrigin + began })
      else {
        epoch.good.push(began)
        epoch.through[name] = (epoch.through[name] ?? 0) + 1
      }
      this.#news.wake()
    })
  }
}

/** Returns how often to look whether something is due, in milliseconds: an emulated machine has no time to spare. */
export function timerOf(rate: number): number {
  return Math.max(2, 200 / rate)
}

function newEpoch(): Epoch {
  return { begun: 0, losses: [], good: [], through: {} }
}
