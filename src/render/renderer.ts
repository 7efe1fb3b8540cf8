import { AddressIndex } from '../frontend/address-index.ts'
import { candidatesOf } from '../frontend/candidates.ts'
import { ClaimBook } from '../frontend/claim-book.ts'
import type { Denial } from '../frontend/denials.ts'
import { frontendsOf } from '../frontend/frontends.ts'
import type { IpFamily } from '../model/address.ts'
import type { TableFamily } from '../model/family.ts'
import type { AddressChange, NodeView, Settings } from '../model/node.ts'
import type { ServiceObject, ServicePort, SliceObject } from '../model/service.ts'
import { type ServiceName, serviceName } from '../model/service-name.ts'
import type { Steps } from '../model/steps.ts'
import { type Tuple, tuple } from '../model/tuple.ts'
import { IPVS_SETS, ipvsOf, isIpvsSet } from '../ruleset/ipvs/elements.ts'
import type { IpvsRules } from '../ruleset/ipvs/types.ts'
import { type Owner, ownerOf } from '../ruleset/labels.ts'
import { SETS, setsOf } from '../ruleset/nftables/sets.ts'
import type { ElementValue, Ruleset, Table } from '../ruleset/nftables/types.ts'
import {
  addFragment,
  type ElementChange,
  emptyAssembly,
  type Holding,
  heldSlots,
  removeFragment,
  takeChanges,
} from './assembly.ts'
import { backendOf } from './backend.ts'
import { configuration } from './nftables/configuration.ts'
import { type FamilyMemory, type Fragment, noMemory } from './nftables/emit.ts'
import type { Situation } from './nftables/recall.ts'
import { heldSeats } from './nftables/seats.ts'
import { assemble, type Frame, makeFrame } from './nftables/table.ts'

/** What a round of rendering changed. */
export interface Delta {
  readonly elements: readonly ElementChange[]
  /** Of the sets that stand for what ipvs and the dummy interface hold (ruleset/ipvs/elements.ts). */
  readonly ipvs: readonly ElementChange[]
  /** The new frame of a family whose frame changed; undefined where it has no table any more. */
  readonly frames: ReadonlyMap<TableFamily, Frame | undefined>
}

/** Holds the objects of the cluster and what they render to; work per change follows the change. */
export interface Renderer {
  setService(service: ServiceObject): void
  removeService(name: ServiceName): void
  setSlice(slice: SliceObject): void
  removeSlice(namespace: string, name: string): void
  /** Looks again at those Services that ask for one of these addresses; it matters for ipvs alone. */
  changeOtherNodes(change: AddressChange): void
  /** Before the first `settle`: renders what there is, Service by Service. */
  begin(): Steps<void>
  /** Renders what changed since the last call; what the first call finds is in `ruleset` alone. */
  settle(): Delta
  /** A view of the present state, not a copy: it moves with the next `settle`. */
  ruleset(): Ruleset
  /** All of a family's table but its Services' elements; undefined where it has no table. */
  frame(family: TableFamily): Frame | undefined
  /** All that Services ask for and do not get. */
  denials(): readonly Denial[]
  /** The same of those Services that were denied more, less or otherwise since the last call. */
  takeDenials(): ReadonlyMap<ServiceName, readonly Denial[]>
  /** The label (`namespace/name:port kind`) of a VIP or node port. */
  label(family: TableFamily, front: string): string | undefined
  /** By chain, how many elements of verdict maps lead there. */
  calls(family: TableFamily): ReadonlyMap<string, number>
  /** What a Service renders to; of any set, those that stand for ipvs among them. */
  element(family: TableFamily, set: string, key: Tuple): ElementValue | undefined
  /** `namespace/name` of a Service that is rendered; of another one, as its labels say. */
  nameOf(owner: Owner): ServiceName
  services(): number
  /** What it renders for. */
  readonly situation: Situation
}

/** A renderer that knows of ipvs as well. */
export interface WholeRenderer extends Renderer {
  /** What ipvs and the dummy interface shall hold beside the table; undefined with nftables. */
  ipvs(): IpvsRules | undefined
}

const FAMILIES: readonly TableFamily[] = ['ip', 'ip6']

/** Pure in all but form: the same calls give the same rule set. `memory` is the kernel's at start. */
export function createRenderer(
  node: NodeView,
  settings: Settings,
  memory: FamilyMemory = () => noMemory,
): WholeRenderer {
  const services = new Map<ServiceName, ServiceObject>()
  const slices = new Map<ServiceName, Map<string, SliceObject>>()
  const serviceOfSlice = new Map<string, ServiceName>()
  const holdings = new Map<ServiceName, Holding>()
  const dirty = new Set<ServiceName>()
  /** Of those Services whose labels do not hold the whole name. */
  const cutNames = new Map<Owner, ServiceName>()
  const book = new ClaimBook()
  const assembly = emptyAssembly()
  const situation: Situation = { node, settings }
  const base = configuration(node, settings)
  const backend = backendOf(settings)
  const otherNodes = new Set(node.otherNodes)
  const claimsOf = backend.claimsWithin(settings, { ...node, otherNodes })
  /** Those that could lose an address to another Node. */
  const askers = settings.backend.kind === 'ipvs' ? new AddressIndex() : undefined
  const frames: Partial<Record<TableFamily, Frame>> = {}
  const setNames: Partial<Record<TableFamily, string>> = {}

  const held: FamilyMemory = (family) => ({
    slots(map, key) {
      const slots = heldSlots(assembly, family, map, key)
      return slots.length > 0 ? slots : memory(family).slots(map, key)
    },
    seats(front, key) {
      const seats = heldSeats(assembly.sets[family], front, key)
      return seats.size > 0 ? seats : memory(family).seats(front, key)
    },
    destinations(server, endpoint) {
      const sets = assembly.sets[family]
      return sets.get(IPVS_SETS.servers)?.has(server)
        ? sets.get(IPVS_SETS.destinations)?.has(tuple(server, endpoint)) === true
        : memory(family).destinations(server, endpoint)
    },
  })

  const candidates = (name: ServiceName) => {
    // By name: where two slices disagree on an endpoint, arrival order must not decide.
    const mine = [...(slices.get(name) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
    return (port: ServicePort, family: IpFamily) =>
      candidatesOf(
        mine.map(([, slice]) => slice),
        port,
        family,
      )
  }

  const rendered = (name: ServiceName): Fragment => {
    const service = services.get(name)
    if (service === undefined) return []
    const frontends = frontendsOf(service, book.won(name), candidates(name), situation)
    return backend.emit({ service, frontends }, { ...situation, memory: held })
  }

  const put = (name: ServiceName, fragment: Fragment): void => {
    const holding = addFragment(assembly, fragment)
    if (services.has(name)) holdings.set(name, holding)
  }

  const take = (name: ServiceName): void => {
    const holding = holdings.get(name)
    if (holding !== undefined) removeFragment(assembly, holding)
    holdings.delete(name)
  }

  /** In order of name, so that the listing reads well and arrival order does not show. */
  const takeDirty = (): readonly ServiceName[] => {
    const names = [...dirty].sort()
    dirty.clear()
    return names
  }

  /** First all out, then all in: an address that changes hands is never in twice. */
  const rerender = (names: readonly ServiceName[]): void => {
    const fresh = names.map((name) => [name, rendered(name)] as const)
    for (const name of names) take(name)
    for (const [name, fragment] of fresh) put(name, fragment)
  }

  const reframe = (family: TableFamily): boolean => {
    const sets = [...assembly.sets[family].keys()].filter((name) => !isIpvsSet(name))
    const names = new Set([...sets, ...assembly.calls[family].keys()])
    const id = [...names].sort().join(' ')
    if (setNames[family] === id) return false
    setNames[family] = id
    if (names.size === 0 && !base[family].has(SETS.serviceRanges)) delete frames[family]
    else frames[family] = makeFrame(family, settings, names, base[family])
    return true
  }

  const table = (family: TableFamily): Table | undefined => {
    const made = frames[family]
    return made && assemble(family, made, assembly.sets[family])
  }

  const claim = (name: ServiceName, service: ServiceObject | undefined): void => {
    const claims = service === undefined ? [] : claimsOf(service)
    for (const each of book.replace(name, service, claims)) dirty.add(each)
  }

  return {
    setService(service) {
      const name = serviceName(service)
      askers?.replace(name, services.get(name), service)
      services.set(name, service)
      if (ownerOf(name) !== name) cutNames.set(ownerOf(name), name)
      claim(name, service)
    },
    removeService(name) {
      askers?.replace(name, services.get(name), undefined)
      services.delete(name)
      cutNames.delete(ownerOf(name))
      claim(name, undefined)
    },
    setSlice(slice) {
      const id = `${slice.namespace}/${slice.name}`
      const name = `${slice.namespace}/${slice.service}`
      const former = serviceOfSlice.get(id)
      if (former !== undefined && former !== name) this.removeSlice(slice.namespace, slice.name)
      serviceOfSlice.set(id, name)
      const mine = slices.get(name) ?? new Map<string, SliceObject>()
      mine.set(id, slice)
      slices.set(name, mine)
      dirty.add(name)
    },
    removeSlice(namespace, sliceName) {
      const id = `${namespace}/${sliceName}`
      const name = serviceOfSlice.get(id)
      if (name === undefined) return
      serviceOfSlice.delete(id)
      const mine = slices.get(name)
      mine?.delete(id)
      if (mine?.size === 0) slices.delete(name)
      dirty.add(name)
    },
    changeOtherNodes({ come, gone }) {
      for (const address of gone) otherNodes.delete(address)
      for (const address of come) otherNodes.add(address)
      for (const name of askers?.askersOf([...come, ...gone]) ?? []) claim(name, services.get(name))
    },
    *begin() {
      // Nothing has to leave first, and all fragments at once are more than need be in memory.
      for (const name of takeDirty()) {
        put(name, rendered(name))
        yield
      }
    },
    settle() {
      rerender(takeDirty())
      const changed = new Map<TableFamily, Frame | undefined>()
      for (const family of FAMILIES) if (reframe(family)) changed.set(family, frames[family])
      assembly.recording = true
      const changes = takeChanges(assembly)
      if (settings.backend.kind !== 'ipvs') return { elements: changes, ipvs: [], frames: changed }
      const beside = changes.filter(({ set }) => isIpvsSet(set))
      const elements = changes.filter(({ set }) => !isIpvsSet(set))
      return { elements, ipvs: beside, frames: changed }
    },
    ruleset() {
      const ip = table('ip')
      const ip6 = table('ip6')
      return { ...(ip && { ip }), ...(ip6 && { ip6 }) }
    },
    frame: (family) => frames[family],
    ipvs() {
      if (settings.backend.kind !== 'ipvs') return undefined
      const { interface: dummy, timeouts } = settings.backend
      return { ...ipvsOf(assembly.sets), dummy, timeouts, filter: this.ruleset() }
    },
    denials: () => book.allDenials(),
    takeDenials: () => book.takeDenials(),
    label(family, front) {
      for (const set of LABELLED) {
        const comment = assembly.sets[family].get(set)?.get(front as Tuple)?.comment
        if (comment !== undefined) return comment
      }
      return undefined
    },
    calls: (family) => assembly.calls[family],
    element: (family, set, key) => assembly.sets[family].get(set)?.get(key),
    nameOf: (owner) => cutNames.get(owner) ?? owner,
    services: () => services.size,
    situation,
  }
}

/** The sets whose elements carry the label of their Service port. */
const LABELLED: readonly string[] = (['vip', 'node-port'] as const).flatMap((front) => {
  const { known, noEndpoints, noLocalEndpoints } = setsOf(front)
  return [known, noEndpoints, noLocalEndpoints]
})
