import { present } from '../../model/present.ts'
import type { Tuple } from '../../model/tuple.ts'
import { sameRules } from '../../ruleset/iptables/compare.ts'
import { goto, jump, ruleText } from '../../ruleset/iptables/rule.ts'
import type { ChainChange, ChainName, RuleText } from '../../ruleset/iptables/types.ts'
import { chainName } from './chain-names.ts'
import type { Digits, KeySpace } from './key-space.ts'
import { insertSorted, lowerBound } from './sorted.ts'

interface TreeShape {
  readonly space: KeySpace
  /** The chain by which a packet enters. */
  readonly root: ChainName
  /** The beginning of the names of the other chains. */
  readonly beginning: string
  /** After `jump` a packet returns to the chain above, after `goto` to where it entered. */
  readonly down: 'jump' | 'goto'
}

/** A chain with at most this many rules is not divided any more (ADR 0015 has the figures). */
const BUCKET = 16

/** A chain of the tree: the beginning of its keys, and where these are among the sorted keys. */
interface Node {
  readonly prefix: Digits
  readonly from: number
  readonly to: number
}

/**
 * A radix tree of chains, so that a packet meets few of many rules. A chain with more rules than a
 * bucket holds is divided where its keys first differ. The tree follows from the keys alone, so
 * only the sorted keys are kept; a key that comes or goes changes the chain that has it, and rarely
 * the chain above and those beside it.
 */
export class ChainTree {
  readonly #shape: TreeShape
  readonly #rules: Map<Digits, RuleText> = new Map()
  readonly #chains: Map<ChainName, readonly RuleText[]> = new Map()
  #keys: Digits[] = []

  constructor(shape: TreeShape) {
    this.#shape = shape
  }

  get isEmpty(): boolean {
    return this.#keys.length === 0
  }

  /** Sets or removes the rule of each key; returns the chains that are different now. */
  update(changes: ReadonlyMap<Tuple, RuleText | undefined>): ReadonlyMap<ChainName, ChainChange> {
    const changed = new Map<ChainName, ChainChange>()
    const touched = this.#put(changes)
    if (touched.length === 0) return changed
    const old = new Map(this.#nodes(touched))
    this.#sort(touched)
    for (const [name, node] of this.#nodes(touched)) {
      old.delete(name)
      this.#replace(name, this.#rulesOf(node), changed)
    }
    for (const name of old.keys()) this.#replace(name, undefined, changed)
    return changed
  }

  /** Returns all chains, each before those that it leads to. */
  *chains(): Iterable<readonly [ChainName, readonly RuleText[]]> {
    for (const [name] of this.#nodes([''])) yield [name, present(this.#chains.get(name))]
  }

  /** Returns the keys that begin with these digits. */
  keysWith(prefix: Digits): readonly Digits[] {
    const to = this.#after(prefix, 0, this.#keys.length)
    return this.#keys.slice(lowerBound(this.#keys, prefix), to)
  }

  #replace(
    name: ChainName,
    after: readonly RuleText[] | undefined,
    changed: Map<ChainName, ChainChange>,
  ): void {
    const before = this.#chains.get(name)
    if (before !== undefined && after !== undefined && sameRules(before, after)) return
    if (after === undefined) this.#chains.delete(name)
    else this.#chains.set(name, after)
    changed.set(name, { before, after })
  }

  /** Returns the keys whose rule changed, in order. */
  #put(changes: ReadonlyMap<Tuple, RuleText | undefined>): readonly Digits[] {
    const touched: Digits[] = []
    for (const [key, rule] of changes) {
      const digits = this.#shape.space.digits(key)
      if (this.#rules.get(digits) === rule) continue
      if (rule === undefined) this.#rules.delete(digits)
      else this.#rules.set(digits, rule)
      touched.push(digits)
    }
    return touched.sort()
  }

  /** Brings the sorted keys in step with the rules. */
  #sort(touched: readonly Digits[]): void {
    if (touched.length > this.#keys.length / 16) {
      this.#keys = [...this.#rules.keys()].sort()
      return
    }
    for (const key of touched) {
      const at = lowerBound(this.#keys, key)
      const wasThere = this.#keys[at] === key
      const isThere = this.#rules.has(key)
      if (wasThere && !isThere) this.#keys.splice(at, 1)
      if (isThere && !wasThere) insertSorted(this.#keys, key)
    }
  }

  /** Yields the chains on the way to these keys (or beginnings of keys), and their children. */
  *#nodes(
    touched: readonly Digits[],
    node: Node = { prefix: '', from: 0, to: this.#keys.length },
  ): Iterable<readonly [ChainName, Node]> {
    if (node.from === node.to) return
    yield [this.#nameOf(node), node]
    const wants = touched[0] === '' || isTouched(touched, node.prefix)
    if (wants) for (const child of this.#children(node)) yield* this.#nodes(touched, child)
  }

  #children({ from, to }: Node): readonly Node[] {
    if (to - from <= BUCKET) return []
    const at = commonLength(this.#keyAt(from), this.#keyAt(to - 1))
    const children: Node[] = []
    for (let start = from; start < to; ) {
      const prefix = this.#keyAt(start).slice(0, at + 1)
      const end = this.#after(prefix, start, to)
      children.push({ prefix, from: start, to: end })
      start = end
    }
    return children
  }

  #rulesOf(node: Node): readonly RuleText[] {
    const children = this.#children(node)
    const { space, down } = this.#shape
    if (children.length === 0) {
      return this.#keys.slice(node.from, node.to).map((key) => present(this.#rules.get(key)))
    }
    const lead = down === 'goto' ? goto : jump
    return children.map((child) => ruleText(space.match(child.prefix), lead(this.#nameOf(child))))
  }

  #keyAt(at: number): Digits {
    return present(this.#keys[at])
  }

  #nameOf({ prefix }: Node): ChainName {
    const { root, beginning, space } = this.#shape
    return prefix === '' ? root : chainName(beginning, space.text(prefix))
  }

  /** Returns the position after the last key with this beginning. */
  #after(prefix: Digits, from: number, to: number): number {
    return lowerBound(this.#keys, `${prefix}~`, from, to) // sorts after every digit
  }
}

function isTouched(touched: readonly Digits[], prefix: Digits): boolean {
  return touched[lowerBound(touched, prefix)]?.startsWith(prefix) === true
}

function commonLength(a: Digits, b: Digits): number {
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  return at
}
