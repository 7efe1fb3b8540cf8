import { type Cidr, familyOf, hostCidr, type IpFamily } from '../model/address.ts'
import type { NodeView, Settings } from '../model/node.ts'
import type { ServiceObject, ServicePort, SliceObject } from '../model/service.ts'
import { SETS, setSchema, tuple } from '../ruleset/sets.ts'
import type { Chain, ElementValue, Ruleset, Table, TableFamily, Tuple } from '../ruleset/types.ts'
import {
  addFragment,
  type ElementChange,
  emptyAssembly,
  heldSlots,
  removeFragment,
  takeChanges,
} from './assembly.ts'
import type { Candidate } from './choose-endpoints.ts'
import { claimBook } from './claim-book.ts'
import { claimsOf, type Conflict, type ServiceName, serviceName } from './claims.ts'
import { type FamilyMemory, type Fragment, renderService } from './fragment.ts'
import { frame } from './frame.ts'
import { intervals } from './intervals.ts'
import { noMemory } from './slots.ts'

/** What a round of rendering changed. */
export interface Delta {
  readonly elements: readonly ElementChange[]
  /** The chains of a family, where its frame changed; undefined in a family without any. */
  readonly frames: Partial<Record<TableFamily, ReadonlyMap<string, Chain> | undefined>>
}

/** Holds the objects of the cluster and what they render to; work per change follows the change. */
export interface Renderer {
  setService(service: ServiceObject): void
  removeService(name: ServiceName): void
  setSlice(slice: SliceObject): void
  removeSlice(namespace: string, name: string): void
  /** Renders what changed since the last call. */
  settle(): Delta
  ruleset(): Ruleset
  conflicts(): readonly Conflict[]
  /** Which Service put an element there. */
  fragment(name: ServiceName): Fragment
  services(): number
}

const FAMILIES: readonly TableFamily[] = ['ip', 'ip6']

/** Pure in all but form: the same calls give the same rule set. `memory` is the kernel's slots at start. */
export function createRenderer(
  node: NodeView,
  settings: Settings,
  memory: FamilyMemory = () => noMemory,
): Renderer {
  const services = new Map<ServiceName, ServiceObject>()
  const slices = new Map<ServiceName, Map<string, SliceObject>>()
  const serviceOfSlice = new Map<string, ServiceName>()
  const fragments = new Map<ServiceName, Fragment>()
  const dirty = new Set<ServiceName>()
  const book = claimBook()
  const assembly = emptyAssembly()
  const base = configuration(node, settings)
  const frames: Partial<Record<TableFamily, ReadonlyMap<string, Chain>>> = {}
  const setNames: Partial<Record<TableFamily, string>> = {}

  const slots: FamilyMemory = (family) => (map, key) => {
    const held = heldSlots(assembly, family, map, key)
    return held.length > 0 ? held : memory(family)(map, key)
  }

  const candidates = (name: ServiceName) => {
    // By name: where two slices disagree on an endpoint, arrival order must not decide.
    const mine = [...(slices.get(name) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
    return (port: ServicePort, family: IpFamily) =>
      join(
        mine.map(([, slice]) => slice),
        port,
        family,
      )
  }

  const rendered = (name: ServiceName): Fragment => {
    const service = services.get(name)
    if (service === undefined) return []
    return renderService(service, book.won(name), candidates(name), node, settings, slots)
  }

  /** First all out, then all in: an address that changes hands is never in twice. */
  const rerender = (names: readonly ServiceName[]): void => {
    const fresh = names.map((name) => [name, rendered(name)] as const)
    for (const name of names) removeFragment(assembly, fragments.get(name) ?? [])
    for (const [name, fragment] of fresh) {
      addFragment(assembly, fragment)
      if (services.has(name)) fragments.set(name, fragment)
      else fragments.delete(name)
    }
  }

  const reframe = (family: TableFamily): boolean => {
    const names = usedSets(assembly.sets[family])
    const id = [...names].sort().join(' ')
    if (setNames[family] === id) return false
    setNames[family] = id
    if (names.size === 0 && !base[family].has(SETS.serviceRanges)) delete frames[family]
    else frames[family] = frame(settings, new Set([...names, ...base[family].keys()]))
    return true
  }

  const table = (family: TableFamily): Table | undefined => {
    const chains = frames[family]
    return chains && assemble(family, chains, base[family], assembly.sets[family])
  }

  return {
    setService(service) {
      const name = serviceName(service)
      services.set(name, service)
      for (const each of book.replace(name, service, claimsOf(service, settings))) dirty.add(each)
    },
    removeService(name) {
      services.delete(name)
      for (const each of book.replace(name, undefined, [])) dirty.add(each)
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
    settle() {
      // In order of name, so that the listing reads well and arrival order does not show.
      rerender([...dirty].sort())
      dirty.clear()
      const changed: Partial<Record<TableFamily, ReadonlyMap<string, Chain> | undefined>> = {}
      for (const family of FAMILIES) if (reframe(family)) changed[family] = frames[family]
      return { elements: takeChanges(assembly), frames: changed }
    },
    ruleset() {
      const ip = table('ip')
      const ip6 = table('ip6')
      return { ...(ip && { ip }), ...(ip6 && { ip6 }) }
    },
    conflicts: () => book.conflicts(),
    fragment: (name) => fragments.get(name) ?? [],
    services: () => services.size,
  }
}

/** The endpoints that slices of this family offer for the port, matched by name and protocol. */
function join(
  slices: Iterable<SliceObject>,
  port: ServicePort,
  family: IpFamily,
): readonly Candidate[] {
  const found: Candidate[] = []
  for (const slice of slices) {
    if (slice.family !== family) continue
    for (const offered of slice.ports) {
      if (offered.name !== port.name || offered.protocol !== port.protocol) continue
      for (const endpoint of slice.endpoints) found.push({ endpoint, port: offered.port })
    }
  }
  return found
}

function usedSets(sets: ReadonlyMap<string, unknown>): Set<string> {
  const names = new Set(sets.keys())
  if ([...names].some((name) => name.startsWith('sticky-'))) names.add(SETS.affinity)
  return names
}

type BaseSets = ReadonlyMap<string, readonly Tuple[]>

/** The sets that come from the node and the configuration. */
function configuration(node: NodeView, settings: Settings): Record<TableFamily, BaseSets> {
  const sets = (family: IpFamily): BaseSets => {
    const found = new Map<string, readonly Tuple[]>()
    const put = (name: string, cidrs: readonly Cidr[]): void => {
      const mine = cidrs.filter((cidr) => familyOf(cidr) === family)
      if (mine.length > 0) found.set(name, intervals(family, mine).map((text) => tuple(text)))
    }
    if (settings.localTraffic.kind === 'ranges') put(SETS.podRanges, settings.localTraffic.ranges)
    if (settings.scope === 'all') {
      put(SETS.nodePortAddresses, nodePortRanges(node, settings))
      put(SETS.serviceRanges, settings.serviceRanges)
    }
    return found
  }
  return { ip: sets('ipv4'), ip6: sets('ipv6') }
}

function nodePortRanges(node: NodeView, settings: Settings): readonly Cidr[] {
  const { nodePortAddresses } = settings
  if (nodePortAddresses.kind === 'ranges') return nodePortAddresses.ranges
  if (nodePortAddresses.kind === 'all') return []
  return (['ipv4', 'ipv6'] as const).flatMap((family) =>
    node.addresses.filter((address) => familyOf(address) === family).slice(0, 1).map(hostCidr),
  )
}

function assemble(
  family: TableFamily,
  chains: ReadonlyMap<string, Chain>,
  base: BaseSets,
  sets: ReadonlyMap<string, ReadonlyMap<Tuple, { readonly value: ElementValue }>>,
): Table {
  const lookedUp = new Set<string>()
  for (const { rules } of chains.values()) {
    for (const { statements } of rules) {
      for (const statement of statements) {
        if (statement.kind === 'in-set') lookedUp.add(statement.set)
        if (statement.kind === 'dnat' || statement.kind === 'remember') lookedUp.add(statement.map)
      }
    }
  }
  const elements = new Map<string, Map<Tuple, ElementValue>>()
  for (const [name, keys] of base) {
    if (lookedUp.has(name)) elements.set(name, new Map(keys.map((key) => [key, {}])))
  }
  for (const [name, entries] of sets) {
    elements.set(name, new Map([...entries].map(([key, { value }]) => [key, value])))
  }
  const names = new Set([...elements.keys(), ...lookedUp])
  const schemas = new Map([...names].map((name) => [name, setSchema(family, name)]))
  return { family, sets: schemas, elements, chains }
}
