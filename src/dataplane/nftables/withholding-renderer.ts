import type { Denial } from '../../frontend/denials.ts'
import { type Owner, ownerOf } from '../../frontend/label-text.ts'
import type { TableFamily } from '../../model/family.ts'
import type { AddressChange, NodeView, Settings, Situation } from '../../model/node.ts'
import type { ServiceObject, SliceObject } from '../../model/service.ts'
import { type ServiceName, serviceName } from '../../model/service-name.ts'
import type { Tuple } from '../../model/tuple.ts'
import type { ElementStep } from '../../plan/nftables/delta.ts'
import { type BaseSets, configuration } from '../../render/nftables/configuration.ts'
import { assemble, type Frame, makeFrame } from '../../render/nftables/table.ts'
import type { WholeRenderer } from '../../render/renderer.ts'
import { isIpvsSet } from '../../ruleset/ipvs/elements.ts'
import { overlay } from '../../ruleset/ipvs/overlay.ts'
import type { IpvsRules } from '../../ruleset/ipvs/types.ts'
import { SETS } from '../../ruleset/nftables/sets.ts'
import type { ElementValue, Ruleset, Table } from '../../ruleset/nftables/types.ts'
import type { Refusal } from '../outcome.ts'
import type { SessionRenderer } from '../session.ts'
import { idOf } from './element-id.ts'
import { type HeldElement, serviceOfStep } from './keep.ts'
import { labelsIn } from './labels-in.ts'
import { namesWith } from './names-with.ts'

interface Withheld {
  readonly elements: Map<string, HeldElement>
  /** Missing where the Service is kept because it cannot be read. */
  readonly refusal: Refusal | undefined
}

interface ExtendedFrame {
  readonly from: Frame | undefined
  readonly sets: string
  readonly frame: Frame
}

/**
 * A renderer with exceptions: for Services that the kernel refused, or that cannot be read, it
 * renders what the kernel holds. So the kernel can be brought to what it renders. A Service stops
 * being an exception when its object or its rendering changes, or when it is released.
 */
export class WithholdingRenderer
  implements Omit<WholeRenderer, 'begin' | 'settle'>, SessionRenderer
{
  readonly #inner: WholeRenderer
  readonly #settings: Settings
  readonly #base: Record<TableFamily, BaseSets>
  readonly #services: Map<Owner, Withheld> = new Map()
  readonly #elements: Map<string, HeldElement> = new Map()
  /** What the kernel still holds of Services that were released since the last `settle`. */
  readonly #released: Map<string, HeldElement> = new Map()
  readonly #frames: Map<TableFamily, ExtendedFrame> = new Map()

  constructor(inner: WholeRenderer, node: NodeView, settings: Settings) {
    this.#inner = inner
    this.#settings = settings
    this.#base = configuration(node, settings)
  }

  setService(service: ServiceObject): void {
    const name = serviceName(service)
    if (service.partial) this.#retry(name)
    else this.release(name)
    this.#inner.setService(service)
  }

  removeService(name: ServiceName): void {
    this.release(name)
    this.#inner.removeService(name)
  }

  setSlice(slice: SliceObject): void {
    this.#retry(`${slice.namespace}/${slice.service}`)
    this.#inner.setSlice(slice)
  }

  removeSlice(namespace: string, name: string): void {
    this.#inner.removeSlice(namespace, name)
  }

  changeOtherNodes(change: AddressChange): void {
    this.#inner.changeOtherNodes(change)
  }

  denials(): readonly Denial[] {
    return this.#inner.denials()
  }

  takeDenials(): ReadonlyMap<ServiceName, readonly Denial[]> {
    return this.#inner.takeDenials()
  }

  label(family: TableFamily, front: string): string | undefined {
    return this.#inner.label(family, front)
  }

  element(family: TableFamily, set: string, key: Tuple): ElementValue | undefined {
    const held = this.#elements.get(idOf({ family, set, key }))
    return held === undefined ? this.#inner.element(family, set, key) : held.value
  }

  get situation(): Situation {
    return this.#inner.situation
  }

  /** Returns how many elements lead to each chain in what Services want, without exceptions. */
  calls(family: TableFamily): ReadonlyMap<string, number> {
    return this.#inner.calls(family)
  }

  nameOf(owner: Owner): ServiceName {
    return this.#inner.nameOf(owner)
  }

  services(): number {
    return this.#inner.services()
  }

  refusals(): ReadonlyMap<Owner, Refusal> {
    const found = new Map<Owner, Refusal>()
    for (const [name, { refusal }] of this.#services) if (refusal) found.set(name, refusal)
    return found
  }

  /** Returns the Services that stay as the kernel has them because they cannot be read. */
  kept(): ReadonlySet<Owner> {
    const unread = [...this.#services].filter(([, { refusal }]) => refusal === undefined)
    return new Set(unread.map(([name]) => name))
  }

  /** Keeps these elements as the kernel has them from now on, whatever the Service wants. */
  withhold(name: Owner, elements: readonly HeldElement[], refusal?: Refusal): void {
    const held = this.#services.get(name) ?? { elements: new Map(), refusal }
    this.#services.set(name, held)
    for (const element of elements) {
      const id = idOf(element)
      if (this.#elements.has(id)) continue
      this.#elements.set(id, element)
      held.elements.set(id, element)
    }
  }

  withholds(element: ElementStep): boolean {
    return this.#elements.has(idOf(element))
  }

  /** Makes the next `settle` render the Service as it wants to be. */
  release(name: ServiceName): void {
    const owner = ownerOf(name)
    const held = this.#services.get(owner)
    if (held === undefined) return
    this.#services.delete(owner)
    for (const [id, element] of held.elements) {
      this.#elements.delete(id)
      this.#released.set(id, element)
    }
  }

  /** Returns what changed since the last call, in the tables and in ipvs. */
  settle(): readonly ElementStep[] {
    const { elements, ipvs } = this.#inner.settle()
    const changes = ipvs.length === 0 ? elements : [...elements, ...ipvs]
    if (this.#services.size > 0) for (const change of changes) this.#releaseOwner(change)
    if (this.#released.size === 0) return changes
    const sinceHeld = changes.map((change): ElementStep => {
      const held = this.#released.get(idOf(change))
      this.#released.delete(idOf(change))
      return held === undefined ? change : { ...change, before: held.value }
    })
    const back = [...this.#released.values()].map((held): ElementStep => {
      const { family, set, key, value: before } = held
      return { family, set, key, before, after: this.#inner.element(family, set, key) }
    })
    this.#released.clear()
    return [...sinceHeld, ...back].filter(({ before, after }) => !same(before, after))
  }

  /**
   * Returns all of a family's table except its Services' elements; undefined where it has no table.
   */
  frame(family: TableFamily): Frame | undefined {
    const from = this.#inner.frame(family)
    const names = this.#names(family)
    if (names === undefined) return from
    if (names.length === 0 && !this.#base[family].has(SETS.serviceRanges)) return undefined
    const sets = names.sort().join(' ')
    const known = this.#frames.get(family)
    if (known?.from === from && known?.sets === sets) return known.frame
    const frame = makeFrame(family, this.#settings, new Set(names), this.#base[family])
    this.#frames.set(family, { from, sets, frame })
    return frame
  }

  /**
   * Returns the names of sets and called chains; undefined where the exceptions do not change them.
   */
  #names(family: TableFamily): string[] | undefined {
    const rendered = this.#inner.ruleset()[family]?.elements ?? new Map()
    const exceptions = [...this.#elements.values()].filter((held) => held.family === family)
    const names = namesWith(rendered, this.#inner.calls(family), exceptions)
    return names?.filter((name) => !this.#base[family].has(name))
  }

  ruleset(): Ruleset {
    const rendered = this.#inner.ruleset()
    if (this.#elements.size === 0) return rendered
    const table = (family: TableFamily): Table | undefined => {
      const frame = this.frame(family)
      return frame && assemble(family, frame, this.#elementsOf(family, rendered[family]))
    }
    const ip = table('ip')
    const ip6 = table('ip6')
    return { ...(ip && { ip }), ...(ip6 && { ip6 }) }
  }

  ipvs(): IpvsRules | undefined {
    const rules = this.#inner.ipvs()
    if (rules === undefined || this.#elements.size === 0) return rules
    return { ...rules, ...overlay(rules, [...this.#elements.values()]), filter: this.ruleset() }
  }

  #elementsOf(
    family: TableFamily,
    rendered: Table | undefined,
  ): Map<string, ReadonlyMap<Tuple, ElementValue>> {
    const elements = new Map(rendered?.elements ?? [])
    const copies = new Map<string, Map<Tuple, ElementValue>>()
    for (const { family: of, set, key, value } of this.#elements.values()) {
      if (of !== family || isIpvsSet(set)) continue
      const copy = copies.get(set) ?? new Map(elements.get(set) ?? [])
      copies.set(set, copy)
      elements.set(set, copy)
      if (value === undefined) copy.delete(key)
      else copy.set(key, value)
    }
    return elements
  }

  /** A Service that renders differently is worth another attempt. */
  #releaseOwner(change: ElementStep): void {
    const holder = this.#elements.get(idOf(change))?.service
    const owner = holder ?? serviceOfStep(change, labelsIn([change], this.#inner))
    if (owner !== undefined) this.#retry(owner)
  }

  /**
   * Releases a refused Service; one that cannot be read stays as the kernel has it until it can be.
   */
  #retry(name: ServiceName): void {
    if (this.#services.get(ownerOf(name))?.refusal !== undefined) this.release(name)
  }
}

function same(a: ElementValue | undefined, b: ElementValue | undefined): boolean {
  return a?.data === b?.data && a?.comment === b?.comment && (a === undefined) === (b === undefined)
}
