import type { Round, SourceName, Step, Steps } from './schedule.ts'
import type { World } from './world.ts'

export type FailureKind =
  | 'divergence'
  | 'stale flows'
  | 'packets'
  | 'death'
  | 'moment without rules'

/** What a run found, of one seed and one source. */
export class Report {
  readonly #title: string
  readonly #disturbances: Map<string, number> = new Map()
  readonly #settleMs: number[] = []
  readonly #failures: FailureKind[] = []
  #rounds = 0
  #connections = 0

  constructor(seed: number, source: SourceName) {
    this.#title = `seed ${seed}, ${source}`
  }

  get failed(): number {
    return this.#failures.length
  }

  round({ steps }: Round): number {
    this.#count(steps)
    return ++this.#rounds
  }

  settled(ms: number, connections: number): void {
    this.#settleMs.push(ms)
    this.#connections += connections
  }

  failure(kind: FailureKind): void {
    this.#failures.push(kind)
  }

  summary({ foreignCommits, watcher }: World): string {
    const kinds = [...this.#disturbances].sort(([a], [b]) => (a < b ? -1 : 1))
    const sorted = this.#settleMs.toSorted((a, b) => a - b)
    const median = sorted[Math.floor(sorted.length / 2)]
    const found = (kind: FailureKind): number =>
      this.#failures.filter((each) => each === kind).length
    return [
      `${this.#title}: ${this.#rounds} rounds, ${foreignCommits} commits of another program`,
      `  disturbances: ${kinds.map(([kind, count]) => `${count} ${kind}`).join(', ')}`,
      `  settled after ${median} ms (median), ${sorted.at(-1)} ms (longest)`,
      `  ${this.#connections} connections after settling, ${watcher.looks} looks in between`,
      `  divergences ${found('divergence')}, stale flows ${found('stale flows')}, ` +
        `wrong packets ${found('packets')}, deaths ${found('death')}, moments without rules ${found('moment without rules')}`,
    ].join('\n')
  }

  #count(steps: Steps): void {
    for (const step of steps) {
      for (const name of namesOf(step)) {
        this.#disturbances.set(name, (this.#disturbances.get(name) ?? 0) + 1)
      }
      if (step.kind === 'during') this.#count(step.steps)
    }
  }
}

function namesOf(step: Step): readonly string[] {
  switch (step.kind) {
    case 'objects':
      return step.changes.map(() => 'object changes')
    case 'damage':
      return [step.damage]
    case 'during':
      return [step.span.kind]
    default:
      return [step.kind]
  }
}

/** Steps in few words, one a line. */
export function tellSteps(steps: Steps, indent = '  '): string {
  return steps.map((step) => `${indent}${tell(step, indent)}`).join('\n')
}

function tell(step: Step, indent: string): string {
  switch (step.kind) {
    case 'objects': {
      const each = step.changes.map(({ kind, object }) => {
        return `${kind} ${object.kind} ${object.metadata.name}`
      })
      return `objects: ${each.join(', ')}`
    }
    case 'during': {
      const { kind, ...rest } = step.span
      const what = 'object' in rest ? rest.object.metadata.name : Object.values(rest).join(' ')
      const inner = step.steps.length === 0 ? '' : `\n${tellSteps(step.steps, `${indent}  `)}`
      return `${kind} ${JSON.stringify(what)}, ${step.ms} ms and meanwhile:${inner}`
    }
    default: {
      const { kind, ...rest } = step
      return `${kind} ${JSON.stringify(rest)}`
    }
  }
}
