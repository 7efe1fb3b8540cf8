import type { Denial } from '../frontend/denials.ts'
import { type Owner, ownerIn, ownerOf } from '../frontend/label-text.ts'
import { type TableFamily, tableOfAddress } from '../model/family.ts'
import type { AddressChange, NodeView, Settings, Situation } from '../model/node.ts'
import type { ServiceObject, SliceObject } from '../model/service.ts'
import { type ServiceName, serviceName } from '../model/service-name.ts'
import { elementId } from '../plan/nftables/element-id.ts'
import type { Changes } from '../render/assembly.ts'
import { type BaseSets, configuration } from '../render/nftables/configuration.ts'
import { assemble, type Frame, makeFrame } from '../render/nftables/table.ts'
import type { WholeRenderer } from '../render/renderer.ts'
import {
  changeId,
  changesNothing,
  foundIn,
  type IpvsChange,
  labelIn,
} from '../ruleset/ipvs/changes.ts'
import { type IpvsRules, serverKey } from '../ruleset/ipvs/types.ts'
import { withoutChanges } from '../ruleset/ipvs/without-changes.ts'
import { sameValue } from '../ruleset/nftables/same-value.ts'
import { SETS } from '../ruleset/nftables/sets.ts'
import type { ElementStep, Ruleset, Table } from '../ruleset/nftables/types.ts'
import { serviceOfStep } from './element-diff.ts'
import { ExemptChanges } from './exempt-changes.ts'
import type { Exemption, Refusal } from './exemption.ts'
import { labelsIn } from './labels-in.ts'
import type { SessionRenderer } from './session-renderer.ts'
import { elementsWith, namesWith } from './tables-with.ts'
import { neededByElement, wholeOfElement, wholeOfIpvs } from './wholes.ts'

interface ExtendedFrame {
  readonly from: Frame | undefined
  readonly sets: string
  readonly frame: Frame
}

/**
 * Renders exempt Services as the kernel has them: those that it refused, and those that cannot be
 * read. So the kernel can be brought to what is rendered. A Service is exempt until it is
 * readmitted; a refused one is when its objects or its rendering change.
 */
export class ElementRenderer
  implements Omit<WholeRenderer, 'begin' | 'takeChanges' | 'element' | 'calls'>, SessionRenderer
{
  readonly #inner: WholeRenderer
  readonly #settings: Settings
  readonly #base: Record<TableFamily, BaseSets>
  readonly #services: Map<Owner, Exemption> = new Map()
  readonly #elements: ExemptChanges<ElementStep> = new ExemptChanges<ElementStep>({
    idOf: elementId,
    changesNothing: ({ before, after }) => sameValue(before, after),
    wholeOf: wholeOfElement,
    neededBy: neededByElement,
  })
  readonly #ipvs: ExemptChanges<IpvsChange> = new ExemptChanges<IpvsChange>({
    idOf: changeId,
    changesNothing,
    wholeOf: wholeOfIpvs,
    neededBy: () => [],
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
    else this.readmit(name)
    this.#inner.setService(service)
  }

  removeService(name: ServiceName): void {
    this.readmit(name)
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

  nameOf(owner: Owner): ServiceName {
    return this.#inner.nameOf(owner)
  }

  services(): number {
    return this.#inner.services()
  }

  refusals(): ReadonlyMap<Owner, Refusal> {
    const found = new Map<Owner, Refusal>()
    for (const [owner, exemption] of this.#services) {
      if (exemption.reason === 'refused') found.set(owner, exemption.refusal)
    }
    return found
  }

  /** Leaves out these changes from now on. The first exemption of a Service stays. */
  exempt(owner: Owner, { elements = [], ipvs = [] }: Partial<Changes>, exemption: Exemption): void {
    if (!this.#services.has(owner)) this.#services.set(owner, exemption)
    this.#elements.exempt(owner, elements)
    this.#ipvs.exempt(owner, ipvs)
  }

  /** Does the same for a Service that the kernel refused. */
  refuse(refusal: Refusal, changes: Partial<Changes>): void {
    this.exempt(refusal.service, changes, { reason: 'refused', refusal })
  }

  /** Returns whether the element stays as the kernel has it. */
  isExempt(element: ElementStep): boolean {
    return this.#elements.serviceOf(element) !== undefined
  }

  readmit(name: ServiceName): void {
    const owner = ownerOf(name)
    if (!this.#services.delete(owner)) return
    this.#elements.readmit(owner)
    this.#ipvs.readmit(owner)
  }

  readmitRefused(): void {
    for (const owner of this.refusals().keys()) this.readmit(owner)
  }

  /** Returns what changed since the last call, in the tables and in ipvs. */
  takeChanges(): Changes {
    const { elements, ipvs } = this.#inner.takeChanges()
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
   * Returns the names of sets and called chains; undefined if exempt elements change none of them.
   */
  #names(family: TableFamily): string[] | undefined {
    const rendered = this.#inner.ruleset()[family]?.elements ?? new Map()
    const names = namesWith(rendered, this.#inner.calls(family), this.#exemptIn(family))
    return names?.filter((name) => !this.#base[family].has(name))
  }

  #exemptIn(family: TableFamily): readonly ElementStep[] {
    return this.#elements.all().filter((change) => change.family === family)
  }

  ruleset(): Ruleset {
    const rendered = this.#inner.ruleset()
    if (this.#elements.size === 0) return rendered
    const table = (family: TableFamily): Table | undefined => {
      const frame = this.frame(family)
      const exempt = this.#exemptIn(family)
      return frame && assemble(family, frame, elementsWith(rendered[family]?.elements, exempt))
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
   * Readmits a refused Service; one that cannot be read stays as the kernel has it until it can be.
   */
  #retry(name: ServiceName): void {
    if (this.#services.get(ownerOf(name))?.reason === 'refused') this.readmit(name)
  }
}
