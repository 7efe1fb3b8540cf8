// What befalls the nodes of a LAN, as a value that follows from a seed: nothing here touches the world,
// and nothing depends on how the world answers.

import { Random } from '../random.ts'

export const NODES = ['n1', 'n2', 'n3', 'n4'] as const
export const SERVICES = 6

/** What a node goes through until it is as it should be again. */
const TROUBLES = {
  /** Without power: cable out, program gone, and after that an empty kernel. */
  'power-off': 4,
  /** The program is killed, and the kernel goes on answering. */
  kill: 4,
  /** The program stands still, and the kernel goes on answering. */
  freeze: 3,
  /** Without carrier; the program works. */
  unplug: 3,
  /** Hears no beats. */
  deafen: 3,
  /** Taken out of load balancing. */
  drain: 5,
} as const
type Trouble = keyof typeof TROUBLES

/** What happens to a node, or to a LAN, and is over at once. */
const MOMENTS = { upgrade: 3, flush: 2, stranger: 2, services: 2, wait: 5 } as const

export type LanStep =
  | { readonly kind: Trouble | 'recover' | 'upgrade' | 'flush'; readonly node: string }
  /** A machine that is no node takes an address, which may be in use, or gives it back. */
  | { readonly kind: 'stranger'; readonly address: number; readonly on: boolean }
  /** So many Services there are from now on. */
  | { readonly kind: 'services'; readonly count: number }
  | { readonly kind: 'wait'; readonly ms: number }

/** Rounds without end; after each, everything is as it should be again. */
export function* lanSchedule(seed: number): Generator<readonly LanStep[], never> {
  const random = new Random(seed)
  for (;;) yield new Author(random).round()
}

/** Draws steps; knows what the ones before it left behind. */
class Author {
  readonly #random: Random
  /** What each node goes through. */
  readonly #troubles: Map<string, Trouble> = new Map()
  readonly #strangers: Set<number> = new Set()

  constructor(random: Random) {
    this.#random = random
  }

  round(): readonly LanStep[] {
    return Array.from({ length: this.#random.between(3, 9) }, () => this.#step())
  }

  #step(): LanStep {
    const random = this.#random
    const troubled = [...this.#troubles.keys()]
    // One node is always well, so that all addresses can be answered for.
    if (troubled.length > 0 && (troubled.length === NODES.length - 1 || random.chance(0.3))) {
      const node = random.pick(troubled)
      this.#troubles.delete(node)
      return { kind: 'recover', node }
    }
    const kind = random.weighted<Trouble | keyof typeof MOMENTS>({ ...TROUBLES, ...MOMENTS })
    switch (kind) {
      case 'wait':
        return { kind, ms: random.pick([1, 50, 200, 500, 1_000, 2_000]) }
      case 'services':
        return { kind, count: random.between(1, SERVICES) }
      case 'stranger':
        return this.#stranger()
      case 'upgrade':
      case 'flush':
        return { kind, node: random.pick(this.#well()) }
      default: {
        const node = random.pick(this.#well())
        this.#troubles.set(node, kind)
        return { kind, node }
      }
    }
  }

  #stranger(): LanStep {
    const address = this.#random.below(SERVICES)
    const on = !this.#strangers.delete(address)
    if (on) this.#strangers.add(address)
    return { kind: 'stranger', address, on }
  }

  #well(): readonly string[] {
    return NODES.filter((each) => !this.#troubles.has(each))
  }
}
