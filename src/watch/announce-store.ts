import { countedOld, type OldConfigurations } from '../announce/bgp/old-configuration.ts'
import type { AnnounceObjects } from '../announce/objects.ts'
import { decodeLabelledPool } from '../decode/announcing/address-pool.ts'
import { decodeAdvertisement } from '../decode/announcing/advertisement.ts'
import { decodeAnnouncingConfigMap } from '../decode/announcing/config-map.ts'
import { decodeAnnouncerNode } from '../decode/announcing/node.ts'
import { decodeAnnouncedService } from '../decode/announcing/service.ts'
import { decodeServingEndpoints } from '../decode/announcing/serving-endpoints.ts'
import { nameOf } from '../decode/fields.ts'
import type { ObjectProblem } from '../decode/object-problem.ts'
import type { Problem } from '../decode/problem.ts'
import { unreachable } from '../model/unreachable.ts'
import { isBgpResource } from './bgp-resources.ts'
import { KnownObjects } from './known-objects.ts'
import { keyIn, type Resource, resources } from './resources.ts'
import { Shelf } from './shelf.ts'
import type { SourceEvent } from './source.ts'
import { isToldResource } from './told-resources.ts'
import { UnreadObjects } from './unread-objects.ts'

interface AnnounceStoreOptions {
  /** The kinds that the source follows. */
  readonly followed: readonly Resource[]
  /** Gets the problems of each object that was read; no problems if it is as it should be. */
  readonly read: (object: string, problems: readonly Problem[]) => void
}

/** What says what is announced and how, besides what is about BGP alone. */
const CONFIGURATION: readonly Resource[] = [
  'ipaddresspools',
  'l2advertisements',
  'configmaps',
  'excluded-interfaces',
  'metallb-config',
]

/**
 * The objects on which announcing depends, as they were last readable: an object that cannot be read
 * replaces nothing (ADR 0010).
 */
export class AnnounceStore {
  readonly #options: AnnounceStoreOptions
  readonly #services = new Shelf(decodeAnnouncedService, (read) =>
    read.kind === 'service' ? read.service : undefined,
  )
  readonly #endpoints = new Shelf(decodeServingEndpoints, (read) =>
    read.kind === 'endpoints' ? read.endpoints : undefined,
  )
  readonly #agents = new Shelf(decodeServingEndpoints, (read) =>
    read.kind === 'endpoints' ? read.endpoints : undefined,
  )
  readonly #nodes = new Shelf(decodeAnnouncerNode, ({ node }) => node)
  readonly #pools = new Shelf(decodeLabelledPool, ({ pool }) => pool)
  readonly #advertisements = new Shelf(decodeAdvertisement, ({ advertisement }) => advertisement)
  readonly #configMaps = new Shelf(decodeAnnouncingConfigMap, (read) =>
    read.kind === 'exclusions' || read.kind === 'old' ? read : undefined,
  )
  readonly #known = new KnownObjects()
  readonly #unread = new UnreadObjects()

  constructor(options: AnnounceStoreOptions) {
    this.#options = options
  }

  /** Takes an event of the source; returns whether it may change who announces what, or `unread`. */
  apply(event: SourceEvent): boolean {
    switch (event.kind) {
      case 'object': {
        const { resource, object, origin = 'API server' } = event
        const key = nameOf(object, resources[resource].namespaced)
        const read = this.#shelfOf(resource)?.put(key, object, origin)
        if (read === undefined) return false
        this.#known.add(resource, key)
        return this.#note(resource, key, read.problems) || read.isNews
      }
      case 'deleted':
        return this.#remove(event.resource, keyIn(event.resource, event.namespace, event.name))
      case 'listed':
        return this.#all(event.resource, event.names)
      default:
        return unreachable(event)
    }
  }

  /** Returns whether every kind has been listed whole; nothing may be given up before. */
  complete(): boolean {
    return this.#known.isComplete(this.#options.followed)
  }

  /** Returns what is wrong with pools, L2Advertisements and ConfigMaps. */
  unread(): readonly ObjectProblem[] {
    return this.#unread.list()
  }

  objects(): AnnounceObjects {
    const { counting } = this.old()
    return {
      services: this.#services.values(),
      endpoints: this.#endpoints.values(),
      nodes: this.#nodes.values(),
      pools: [...this.#pools.values(), ...counting.flatMap(({ pools }) => pools)],
      advertisements: [
        ...this.#advertisements.values(),
        ...counting.flatMap(({ advertisements }) => advertisements),
      ],
    }
  }

  /** Returns what ConfigMaps of MetalLB up to 0.12 say. */
  old(): OldConfigurations {
    const maps = this.#configMaps.values()
    const all = maps.flatMap((map) => (map.kind === 'old' ? [map.old] : []))
    return countedOld(all, this.#pools.values())
  }

  /** Returns the Nodes on which an agent runs; undefined if the objects do not say it. */
  agents(): ReadonlySet<string> | undefined {
    const slices = this.#agents.values()
    return slices.length === 0 ? undefined : new Set(slices.flatMap(({ nodes }) => nodes))
  }

  /** Returns the interfaces that MetalLB's ConfigMap excludes; undefined if there is none. */
  excluded(): readonly string[] | undefined {
    const lists = this.#configMaps
      .values()
      .flatMap((map) => (map.kind === 'exclusions' ? [map.patterns] : []))
    return lists.length === 0 ? undefined : lists.flat()
  }

  #all(resource: Resource, names: ReadonlySet<string>): boolean {
    for (const key of this.#known.listed(resource, names)) this.#remove(resource, key)
    return true
  }

  #remove(resource: Resource, key: string): boolean {
    const shelf = this.#shelfOf(resource)
    if (shelf === undefined) return false
    this.#known.remove(resource, key)
    const isTold = this.#note(resource, key, [])
    return shelf.remove(key) || isTold
  }

  /** Returns whether what is unread has changed. */
  #note(resource: Resource, key: string, problems: readonly Problem[]): boolean {
    const object = `${resources[resource].kind} ${key}`
    this.#options.read(object, problems)
    return CONFIGURATION.includes(resource) && this.#unread.note(object, problems)
  }

  /** Returns where objects of a kind are kept; undefined for those that play no part. */
  #shelfOf(resource: Resource): Pick<Shelf<unknown, never>, 'put' | 'remove'> | undefined {
    if (isBgpResource(resource) || isToldResource(resource)) return undefined
    switch (resource) {
      case 'services':
      case 'all-services':
        return this.#services
      case 'endpointslices':
        return this.#endpoints
      case 'agent-endpointslices':
        return this.#agents
      case 'nodes':
        return this.#nodes
      case 'ipaddresspools':
        return this.#pools
      case 'l2advertisements':
        return this.#advertisements
      case 'configmaps':
      case 'excluded-interfaces':
        return this.#configMaps
      case 'metallb-config':
        // Layer 2 does not follow it, and would have its pools only while BGP is enabled, too.
        return this.#options.followed.includes(resource) ? this.#configMaps : undefined
      case 'namespaces':
      case 'frrconfigurations':
        return undefined
      default:
        return unreachable(resource)
    }
  }
}
