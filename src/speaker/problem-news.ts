import type { Eligibility } from '../announce/eligibility.ts'
import { ObjectProblems } from '../announce/object-problems.ts'
import { printSilence, type SilenceReason } from '../announce/silence.ts'
import { keyProblem, type Layer2Settings } from '../model/announce-settings.ts'
import type { TellSpeaker } from './news.ts'

/** Other programs report these, or they end by themselves. */
const ORDINARY: readonly SilenceReason['kind'][] = ['no-address', 'other-class', 'no-endpoint']

/** Tells once what a person should settle, and when it is settled. */
export class ProblemNews {
  readonly #settings: Layer2Settings
  readonly #tell: TellSpeaker
  readonly #problems: ObjectProblems
  #key: string | undefined

  constructor(settings: Layer2Settings, tell: TellSpeaker) {
    this.#settings = settings
    this.#tell = tell
    this.#problems = new ObjectProblems({
      problem: (object, problems) => tell({ event: 'announce-problem', object, problems }),
      inOrder: (object) => tell({ event: 'announce-in-order', object }),
    })
  }

  /** Takes everything that is to be settled now, and how many Nodes there are. */
  found(eligibility: Eligibility, nodes: number): void {
    this.#objects(eligibility)
    const reason = keyProblem(this.#settings, nodes)
    if (reason === this.#key) return
    this.#key = reason
    if (reason === undefined) this.#tell({ event: 'members-in-order', about: 'key' })
    else this.#tell({ event: 'members-problem', about: 'key', reason })
  }

  #objects({ problems, silences }: Eligibility): void {
    const told = silences.filter(({ reason }) => !ORDINARY.includes(reason.kind))
    this.#problems.found([
      ...problems,
      ...told.map(({ service, reason }) => {
        return { object: `Service/${service}`, message: printSilence(reason) }
      }),
    ])
  }
}
