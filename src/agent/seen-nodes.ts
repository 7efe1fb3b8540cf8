import type { Address } from '../model/address.ts'
import type { NodeView } from '../model/node.ts'

/** Our Node, and of the others that the source tells of the addresses. Each call says what is news. */
export class SeenNodes {
  readonly #name: string
  #own: NodeView | undefined
  readonly #others: Map<string, readonly Address[]> = new Map()
  /** Both together; undefined: to be made anew. */
  #view: NodeView | undefined

  constructor(name: string) {
    this.#name = name
  }

  isOwn(name: string): boolean {
    return name === this.#name
  }

  /** Our Node as it is seen among the others. */
  view(): NodeView | undefined {
    const own = this.#own
    if (own === undefined || this.#view !== undefined) return this.#view
    const others = [...this.#others.values()].flat().filter((it) => !own.addresses.includes(it))
    this.#view = others.length === 0 ? own : { ...own, otherNodes: new Set(others) }
    return this.#view
  }

  /** Each is told of every few minutes: what does not change costs nothing. */
  keep(name: string, node: NodeView): NodeView | undefined {
    if (this.isOwn(name)) {
      if (same(node, this.#own)) return undefined
      this.#own = node
    } else {
      if (same(node.addresses, this.#others.get(name))) return undefined
      this.#others.set(name, node.addresses)
    }
    return this.#changed()
  }

  /** Our Node stays: without it nothing could be rendered, and its rules are still the right ones. */
  remove(name: string): NodeView | undefined {
    return this.#others.delete(name) ? this.#changed() : undefined
  }

  /** Our Node, if it is known. */
  #changed(): NodeView | undefined {
    this.#view = undefined
    return this.#own
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
