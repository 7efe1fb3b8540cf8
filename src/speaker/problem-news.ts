import type { Eligibility } from '../announce/eligibility.ts'
import { printSilence, type SilenceReason } from '../announce/silence.ts'
import { keyProblem, type Layer2Settings } from '../model/announce-settings.ts'
import type { TellSpeaker } from './news.ts'

/** Other programs tell of these, or they end by themselves. */
const ORDINARY: readonly SilenceReason['kind'][] = ['no-address', 'other-class', 'no-endpoint']
/** So many objects are told of one by one, so that one bad pool of thousands of Services fills no log. */
const MOST = 200

/** Tells once what a person should settle, and when it is settled. */
export class ProblemNews {
  readonly #settings: Layer2Settings
  readonly #tell: TellSpeaker
  #key: string | undefined
  #told: ReadonlyMap<string, string> = new Map()

  constructor(settings: Layer2Settings, tell: TellSpeaker) {
    this.#settings = settings
    this.#tell = tell
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
    const all = new Map<string, string>()
    const add = (object: string, message: string): void => {
      if (all.size >= MOST && !all.has(object)) return
      const before = all.get(object)
      all.set(object, before === undefined ? message : `${before}\n${message}`)
    }
    for (const { object, message } of problems) add(object, message)
    for (const { service, reason } of silences) {
      if (!ORDINARY.includes(reason.kind)) add(`Service/${service}`, printSilence(reason))
    }
    for (const object of this.#told.keys()) {
      if (!all.has(object)) this.#tell({ event: 'announce-in-order', object })
    }
    for (const [object, text] of all) {
      if (this.#told.get(object) === text) continue
      this.#tell({ event: 'announce-problem', object, problems: text.split('\n') })
    }
    this.#told = all
  }
}
