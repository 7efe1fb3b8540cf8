// What befalls a node that announces by BGP, as a value that follows from a seed: nothing here touches the
// world, and nothing depends on how the world answers.

import { Random } from '../random.ts'

export const SERVICES = 12

/** What the objects say. */
export interface BgpScene {
  /** The numbers of the Services that there are. */
  readonly services: readonly number[]
  /** Of them, those whose endpoint is not ready. */
  readonly asleep: readonly number[]
  readonly communities: readonly string[]
  readonly localPref: number
}

export const FIRST: BgpScene = {
  services: [0, 1, 2, 3],
  asleep: [],
  communities: [],
  localPref: 200,
}

export type BgpStep =
  | { readonly kind: 'objects'; readonly scene: BgpScene }
  /** Killed so many milliseconds after the step before. */
  | { readonly kind: 'kill-engine' | 'kill-agent' | 'end-agent'; readonly after: number }
  | { readonly kind: 'start-engine' | 'start-agent' }
  | { readonly kind: 'wait'; readonly ms: number }

const KINDS = { objects: 8, 'kill-engine': 3, 'kill-agent': 3, 'end-agent': 1, start: 3, wait: 2 }

/** Rounds without end. What is dead after one is started, and everything has to be right soon after. */
export function* bgpSchedule(seed: number): Generator<readonly BgpStep[], never> {
  const random = new Random(seed)
  const author = new Author(random)
  for (;;) yield author.round()
}

/** Draws steps; knows what the ones before it left behind. */
class Author {
  readonly #random: Random
  readonly #dead = new Set<'engine' | 'agent'>()
  #scene = FIRST

  constructor(random: Random) {
    this.#random = random
  }

  round(): readonly BgpStep[] {
    this.#dead.clear()
    return Array.from({ length: this.#random.between(3, 9) }, () => this.#step())
  }

  #step(): BgpStep {
    const random = this.#random
    const kind = random.weighted(KINDS)
    switch (kind) {
      case 'wait':
        return { kind, ms: random.pick([1, 20, 100, 300, 1_000]) }
      case 'objects':
        return this.#objects()
      case 'start':
        return this.#start()
      case 'kill-engine':
      case 'kill-agent':
      case 'end-agent': {
        const what = kind === 'kill-engine' ? 'engine' : 'agent'
        if (this.#dead.has(what)) return this.#objects()
        this.#dead.add(what)
        // Most of what a change takes is over after that.
        return { kind, after: random.between(0, 250) }
      }
    }
  }

  #start(): BgpStep {
    if (this.#dead.size === 0) return this.#objects()
    const what = this.#random.pick([...this.#dead])
    this.#dead.delete(what)
    return { kind: `start-${what}` }
  }

  #objects(): BgpStep {
    const random = this.#random
    const all = Array.from({ length: SERVICES }, (_, at) => at)
    const change = random.weighted({ services: 4, asleep: 4, communities: 2, localPref: 1 })
    const changed: Partial<BgpScene> = {
      services: { services: random.some(all, random.between(2, SERVICES)) },
      asleep: { asleep: random.some(all, random.between(0, 4)) },
      communities: { communities: random.some(['64500:1', '64500:2', '64500:3'], random.below(4)) },
      localPref: { localPref: random.between(101, 999) },
    }[change]
    this.#scene = { ...this.#scene, ...changed }
    return { kind: 'objects', scene: this.#scene }
  }
}
