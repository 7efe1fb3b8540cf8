import { percentile } from '../../bench/statistics.ts'
import type { BgpStep } from './schedule.ts'

/** What a run found, of one seed. */
export class BgpSoakReport {
  readonly #seed: number
  readonly #steps = new Map<string, number>()
  readonly #settledMs: number[] = []
  #failures = 0

  constructor(seed: number) {
    this.#seed = seed
  }

  get failed(): number {
    return this.#failures
  }

  /** How many steps were played. */
  get steps(): number {
    return [...this.#steps.values()].reduce((sum, count) => sum + count, 0)
  }

  played(steps: readonly BgpStep[]): void {
    for (const { kind } of steps) this.#steps.set(kind, (this.#steps.get(kind) ?? 0) + 1)
  }

  settled(ms: number): void {
    this.#settledMs.push(ms)
  }

  failure(): void {
    this.#failures += 1
  }

  summary(): string {
    const kinds = [...this.#steps].sort(([a], [b]) => (a < b ? -1 : 1))
    const [half, most] = [0.5, 1].map((share) => Math.round(percentile(this.#settledMs, share)))
    return [
      `seed ${this.#seed}: ${this.steps} steps in ${this.#settledMs.length} rounds`,
      `  steps: ${kinds.map(([kind, count]) => `${count} ${kind}`).join(', ')}`,
      `  the router has what it should ${half} ms (median), ${most} ms (longest) after FRR and agent are back`,
      `  failures ${this.#failures}`,
    ].join('\n')
  }
}
