import { type Address, type Cidr, familyOf, type IpFamily } from '../model/address.ts'
import type { NodeView } from '../model/node.ts'
import type { ObjectChange } from './object-change.ts'
import type { ReadObjects } from './resources.ts'
import { SharedAddresses } from './shared-addresses.ts'

interface NodeListener {
  /** Our Node came from the source, changed or not. */
  readonly seen?: () => void
  /**
   * Gets whether load balancers in front should send new connections elsewhere (KEP-3836); called
   * when that changes.
   */
  readonly leaving: (leaving: boolean) => void
}

/** Keeps our Node, and the addresses of the other Nodes that the source follows. */
export class SeenNodes {
  readonly #name: string
  readonly #listener: NodeListener
  #leaving = false
  #own: NodeView | undefined
  #missing: readonly string[] = []
  readonly #others: Map<string, readonly Address[]> = new Map()
  readonly #addresses: SharedAddresses = new SharedAddresses()
  /** Our Node with the others' addresses; undefined if it has to be built again. */
  #view: NodeView | undefined

  constructor(name: string, listener: NodeListener) {
    this.#name = name
    this.#listener = listener
  }

  /** Returns our Node with the addresses of the others; undefined while our Node is not known. */
  view(): NodeView | undefined {
    const own = this.#own
    if (own === undefined || this.#view !== undefined) return this.#view
    const others = [...this.#addresses.all()].filter((it) => !own.addresses.includes(it))
    this.#view = others.length === 0 ? own : { ...own, otherNodes: new Set(others) }
    return this.#view
  }

  /**
   * Returns a sentence for each address or range that our Node no longer has, and that stays in
   * use.
   */
  missing(): readonly string[] {
    return this.#missing
  }

  /**
   * Stores a Node and returns the changes to render. Nodes come again every few minutes, so one
   * that is the same changes nothing.
   */
  keep(name: string, { node, leaving }: ReadObjects['nodes']): readonly ObjectChange[] {
    if (name !== this.#name) return this.#replace(name, node.addresses)
    if (leaving !== this.#leaving) {
      this.#leaving = leaving
      this.#listener.leaving(leaving)
    }
    const changes = this.#keepOwn(node)
    this.#listener.seen?.()
    return changes
  }

  /**
   * Removes the addresses of another Node. Our own Node stays: without it nothing could be
   * rendered, and its rules are still right.
   */
  remove(name: string): readonly ObjectChange[] {
    return this.#replace(name, [])
  }

  #keepOwn(node: NodeView): readonly ObjectChange[] {
    const { node: own, missing } = withFormer(node, this.#own)
    this.#missing = missing
    if (same(own, this.#own)) return []
    this.#own = own
    this.#view = undefined
    return [{ kind: 'node', node: own }]
  }

  #replace(name: string, addresses: readonly Address[]): readonly ObjectChange[] {
    const { come, gone } = this.#addresses.replace(this.#others.get(name) ?? [], addresses)
    if (addresses.length > 0) this.#others.set(name, addresses)
    else this.#others.delete(name)
    if (come.length + gone.length === 0) return []
    this.#view = undefined
    return this.#own === undefined ? [] : [{ kind: 'other-nodes', come, gone }]
  }
}

/**
 * Returns the Node with the addresses and ranges that it no longer has, which stay in use (ADR
 * 0010), family by family.
 */
function withFormer(
  node: NodeView,
  former: NodeView | undefined,
): { readonly node: NodeView; readonly missing: readonly string[] } {
  if (former === undefined) return { node, missing: [] }
  const addresses = FAMILIES.flatMap((family) =>
    rankOf(node, family) < rankOf(former, family) ? of(family, former.addresses) : [],
  )
  const kept = new Set(addresses.map(familyOf))
  const podCidrs = FAMILIES.flatMap((family) =>
    of(family, node.podCidrs).length === 0 ? of(family, former.podCidrs) : [],
  )
  if (addresses.length === 0 && podCidrs.length === 0) return { node, missing: [] }
  const { externalOnly = [], ...rest } = node
  const external = externalOnly.filter((family) => !kept.has(family))
  return {
    node: {
      ...rest,
      addresses: [...addresses, ...node.addresses.filter((it) => !kept.has(familyOf(it)))],
      podCidrs: [...node.podCidrs, ...podCidrs],
      ...(external.length > 0 && { externalOnly: external }),
    },
    missing: [
      ...addresses.map(
        (it) => `Node ${node.name} names no InternalIP any more: ${it} stays in use`,
      ),
      ...podCidrs.map((it) => `Node ${node.name} names no podCIDR any more: ${it} stays in use`),
    ],
  }
}

const FAMILIES: readonly IpFamily[] = ['ipv4', 'ipv6']

/** Ranks the addresses of a family: InternalIP above ExternalIP, above none. */
function rankOf({ addresses, externalOnly = [] }: NodeView, family: IpFamily): 0 | 1 | 2 {
  if (of(family, addresses).length === 0) return 0
  return externalOnly.includes(family) ? 1 : 2
}

function of<Value extends Address | Cidr>(family: IpFamily, values: readonly Value[]): Value[] {
  return values.filter((value) => familyOf(value) === family)
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
