import type { LanReport } from '../../support/lan-client.ts'
import type { Verdict } from './laws.ts'
import type { LanStep } from './schedule.ts'

/** What a run found, of one seed. */
export class LanSoakReport {
  readonly #seed: number
  readonly #steps: Map<string, number> = new Map()
  readonly #handovers: number[] = []
  readonly #calmMs: number[] = []
  #interrupted = 0
  #questions = 0
  #late = 0
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

  played(steps: readonly LanStep[]): void {
    for (const { kind } of steps) this.#steps.set(kind, (this.#steps.get(kind) ?? 0) + 1)
  }

  calmed(ms: number): void {
    this.#calmMs.push(ms)
  }

  saw({ questions, late }: LanReport): void {
    this.#questions += questions
    this.#late = Math.max(this.#late, late)
  }

  judged(verdict: Exclude<Verdict, { kind: 'violation' }>): void {
    if (verdict.kind === 'handover') this.#handovers.push(verdict.ms)
    else this.#interrupted += 1
  }

  failure(): void {
    this.#failures += 1
  }

  summary(): string {
    const kinds = [...this.#steps].sort(([a], [b]) => (a < b ? -1 : 1))
    const calm = this.#calmMs.toSorted((a, b) => a - b)
    const both = this.#handovers.toSorted((a, b) => a - b)
    const middle = (sorted: readonly number[]): number =>
      Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0)
    return [
      `seed ${this.#seed}: ${this.steps} steps in ${calm.length} rounds, ${this.#questions} questions`,
      `  steps: ${kinds.map(([kind, count]) => `${count} ${kind}`).join(', ')}`,
      `  all as it should be after ${middle(calm)} ms (median), ${Math.round(calm.at(-1) ?? 0)} ms (longest)`,
      `  two answered in ${both.length} handovers, for ${middle(both)} ms (median), ${Math.round(both.at(-1) ?? 0)} ms (longest), ` +
        `and in ${this.#interrupted} that were cut short`,
      `  asked late by ${Math.round(this.#late)} ms at worst`,
      `  failures ${this.#failures}`,
    ].join('\n')
  }
}
