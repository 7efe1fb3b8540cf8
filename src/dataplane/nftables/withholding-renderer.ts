import type { Denial } from '../../frontend/denials.ts'
import { type Owner, ownerIn, ownerOf } from '../../frontend/label-text.ts'
import { type TableFamily, tableOfAddress } from '../../model/family.ts'
import type { AddressChange, NodeView, Settings, Situation } from '../../model/node.ts'
import type { ServiceObject, SliceObject } from '../../model/service.ts'
import { type ServiceName, serviceName } from '../../model/service-name.ts'
import type { Tuple } from '../../model/tuple.ts'
import type { ElementStep } from '../../plan/nftables/delta.ts'
import { elementId } from '../../plan/nftables/element-id.ts'
import type { Changes } from '../../render/assembly.ts'
import { type BaseSets, configuration } from '../../render/nftables/configuration.ts'
import { assemble, type Frame, makeFrame } from '../../render/nftables/table.ts'
import type { WholeRenderer } from '../../render/renderer.ts'
import {
  changeId,
  changesNothing,
  foundIn,
  type IpvsChange,
  labelIn,
} from '../../ruleset/ipvs/changes.ts'
import { type IpvsRules, serverKey } from '../../ruleset/ipvs/types.ts'
import { withoutChanges } from '../../ruleset/ipvs/without-changes.ts'
import { SETS } from '../../ruleset/nftables/sets.ts'
import type { ElementValue, Ruleset, Table } from '../../ruleset/nftables/types.ts'
import { Exceptions } from '../exceptions.ts'
import type { Refusal } from '../outcome.ts'
import type { SessionRenderer } from '../session.ts'
import { serviceOfStep } from './keep.ts'
import { labelsIn } from './labels-in.ts'
import { namesWith } from './names-with.ts'

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
  implements Omit<WholeRenderer, 'begin' | 'settle' | 'element'>, SessionRenderer
{
  readonly #inner: WholeRenderer
  readonly #settings: Settings
  readonly #base: Record<TableFamily, BaseSets>
  /** The Services with exceptions; undefined where one is kept because it cannot be read. */
  readonly #services: Map<Owner, Refusal | undefined> = new Map()
  readonly #elements: Exceptions<ElementStep> = new Exceptions<ElementStep>({
    idOf: elementId,
    changesNothing: ({ before, after }) => same(before, after),
  })
  readonly #ipvs: Exceptions<IpvsChange> = new Exceptions<IpvsChange>({
    idOf: changeId,
    changesNothing,
  })
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
    for (const [name, refusal] of this.#services) if (refusal) found.set(name, refusal)
    return found
  }

  /** Returns the Services that stay as the kernel has them because they cannot be read. */
  kept(): ReadonlySet<Owner> {
    const unread = [...this.#services].filter(([, refusal]) => refusal === undefined)
    return new Set(unread.map(([name]) => name))
  }

  /** Withholds these changes from now on, whatever the Service wants. The first refusal stays. */
  withhold(name: Owner, { elements = [], ipvs = [] }: Partial<Changes>, refusal?: Refusal): void {
    if (!this.#services.has(name)) this.#services.set(name, refusal)
    this.#elements.withhold(name, elements)
    this.#ipvs.withhold(name, ipvs)
  }

  withholds(element: ElementStep): boolean {
    return this.#elements.serviceOf(element) !== undefined
  }

  /** Makes the next `settle` render the Service as it wants to be. */
  release(name: ServiceName): void {
    const owner = ownerOf(name)
    if (!this.#services.delete(owner)) return
    this.#elements.release(owner)
    this.#ipvs.release(owner)
  }

  /** Returns what changed since the last call, in the tables and in ipvs. */
  settle(): Changes {
    const { elements, ipvs } = this.#inner.settle()
    if (this.#services.size > 0) {
      for (const change of elements) this.#retryOwner(this.#ownerOfElement(change))
      for (const change of ipvs) this.#retryOwner(this.#ownerBesideTables(change))
    }
    const inner = this.#inner
    let rules: IpvsRules | undefined
    return {
      elements: this.#elements.adjusted(elements, ({ family, set, key }) =>
        inner.element(family, set, key),
      ),
      ipvs: this.#ipvs.adjusted(ipvs, (change) => {
        rules ??= inner.ipvs()
        return rules && foundIn(rules, change)
      }),
    }
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
    const exceptions = this.#elements.all().filter((change) => change.family === family)
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
    if (rules === undefined || this.#services.size === 0) return rules
    return { ...rules, ...withoutChanges(rules, this.#ipvs.all()), filter: this.ruleset() }
  }

  #elementsOf(
    family: TableFamily,
    rendered: Table | undefined,
  ): Map<string, ReadonlyMap<Tuple, ElementValue>> {
    const elements = new Map(rendered?.elements ?? [])
    const copies = new Map<string, Map<Tuple, ElementValue>>()
    for (const { family: of, set, key, before: value } of this.#elements.all()) {
      if (of !== family) continue
      const copy = copies.get(set) ?? new Map(elements.get(set) ?? [])
      copies.set(set, copy)
      elements.set(set, copy)
      if (value === undefined) copy.delete(key)
      else copy.set(key, value)
    }
    return elements
  }

  /** A Service that renders differently is worth another attempt. */
  #retryOwner(owner: Owner | undefined): void {
    if (owner !== undefined) this.#retry(owner)
  }

  #ownerOfElement(change: ElementStep): Owner | undefined {
    const holder = this.#elements.serviceOf(change)
    return holder ?? serviceOfStep(change, labelsIn([change], this.#inner))
  }

  #ownerBesideTables(change: IpvsChange): Owner | undefined {
    const holder = this.#ipvs.serviceOf(change)
    if (holder !== undefined || change.kind === 'address') return holder
    const family = tableOfAddress(change.server.address)
    const label = labelIn(change) ?? this.#inner.label(family, serverKey(change.server))
    return label === undefined ? undefined : ownerIn(label)
  }

  /**
   * Releases a refused Service; one that cannot be read stays as the kernel has it until it can be.
   */
  #retry(name: ServiceName): void {
    if (this.#services.get(ownerOf(name)) !== undefined) this.release(name)
  }
}

function same(a: ElementValue | undefined, b: ElementValue | undefined): boolean {
  return a?.data === b?.data && a?.comment === b?.comment && (a === undefined) === (b === undefined)
}
