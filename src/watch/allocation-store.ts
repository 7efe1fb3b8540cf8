import type { AllocationObjects, ServiceFacts } from '../allocate/decide.ts'
import type { PoolObject } from '../allocate/pool-objects.ts'
import { decodeAddressPool } from '../decode/allocation/address-pool.ts'
import { decodeNamespace } from '../decode/allocation/namespace.ts'
import { decodeCandidateNode } from '../decode/allocation/node.ts'
import { decodeOldConfigMap } from '../decode/allocation/old-config-map.ts'
import { decodePodNodes } from '../decode/allocation/pod-nodes.ts'
import { decodeClaimant } from '../decode/allocation/service.ts'
import { nameOf, valueAt } from '../decode/fields.ts'
import type { Problem } from '../decode/problem.ts'
import { namespaceOf, type ServiceName } from '../model/service-name.ts'
import { unreachable } from '../model/unreachable.ts'
import { isBgpResource } from './bgp-resources.ts'
import { KnownObjects } from './known-objects.ts'
import { isForAnnouncing, keyIn, type Resource, resources } from './resources.ts'
import { isOlder, readServiceStatus, type ServiceStatus } from './service-status.ts'
import { Shelf } from './shelf.ts'
import type { ObjectEvent, SourceEvent } from './source.ts'
import { isToldResource } from './told-resources.ts'

/** The kinds of objects on which an allocation depends. */
export const ALLOCATION_RESOURCES: readonly Resource[] = [
  'all-services',
  'ipaddresspools',
  'namespaces',
  'nodes',
  'endpointslices',
  'configmaps',
]

/** A Service as the allocation sees it, with its status. */
export type StoredService = ServiceFacts & { readonly status: ServiceStatus }

/** What an Event has to name beside the name of a pool. */
export interface PoolIdentity {
  readonly namespace: string
  /** The metadata.uid; empty if the object has none. */
  readonly uid: string
}

interface AllocationStoreOptions {
  /** The classes of Services that get addresses, besides those that name none. */
  readonly classes: () => readonly string[]
  /** The kinds that the source follows. */
  readonly followed: readonly Resource[]
  /** Gets the problems of each object that was read; no problems if it is as it should be. */
  readonly read: (object: string, problems: readonly Problem[]) => void
}

/**
 * The objects on which an allocation depends, as they were last readable: an object that cannot be
 * read replaces nothing (ADR 0010).
 */
export class AllocationStore {
  readonly #options: AllocationStoreOptions
  readonly #services: Map<string, StoredService> = new Map()
  readonly #pools: Map<string, readonly PoolObject[]> = new Map()
  /** What each IPAddressPool has beside its spec, by `namespace/name`. */
  readonly #poolRecords: Map<string, PoolRecord> = new Map()
  readonly #namespaces = new Shelf(decodeNamespace, ({ namespace }) => namespace)
  readonly #nodes = new Shelf(decodeCandidateNode, ({ node }) => node)
  readonly #podNodes = new Shelf(decodePodNodes, (read) =>
    read.kind === 'pod-nodes' ? read.podNodes : undefined,
  )
  readonly #known = new KnownObjects()

  constructor(options: AllocationStoreOptions) {
    this.#options = options
  }

  /** Takes an event of the source; returns whether it may change the allocation. */
  apply(event: SourceEvent): boolean {
    switch (event.kind) {
      case 'object':
        return this.#object(event)
      case 'deleted':
        return this.#remove(event.resource, keyIn(event.resource, event.namespace, event.name))
      case 'listed':
        return this.#all(event.resource, event.names)
      default:
        return unreachable(event)
    }
  }

  /** Returns whether every kind has been listed whole; nothing may be written before. */
  complete(): boolean {
    return this.#known.isComplete(this.#options.followed)
  }

  /** Returns a Service with its status; undefined if there is none. */
  service(name: ServiceName): StoredService | undefined {
    return this.#services.get(name)
  }

  /** Returns all Services with their statuses. */
  services(): ReadonlyMap<ServiceName, StoredService> {
    return this.#services
  }

  /** Returns the Services that are there and could never be read. */
  unreadServices(): readonly ServiceName[] {
    const resource = this.#options.followed.includes('services') ? 'services' : 'all-services'
    return [...this.#known.keysOf(resource)].filter((key) => !this.#services.has(key))
  }

  /** Returns the statuses of the IPAddressPools as they came, by `namespace/name`. */
  poolStatuses(): ReadonlyMap<string, unknown> {
    return new Map(Array.from(this.#poolRecords, ([key, { status }]) => [key, status]))
  }

  /** Returns where the IPAddressPool of a name is, in this namespace or in any; undefined if there is none. */
  pool(name: string, within?: string): PoolIdentity | undefined {
    for (const [key, { uid }] of this.#poolRecords) {
      const namespace = namespaceOf(key)
      const isThere = within === undefined || within === namespace
      if (isThere && key.slice(namespace.length + 1) === name) return { namespace, uid }
    }
    return undefined
  }

  objects(): AllocationObjects {
    return {
      services: [...this.#services.values()],
      pools: [...this.#pools.values()].flat(),
      unreadPools: this.#unreadPools(),
      namespaces: this.#namespaces.values(),
      nodes: this.#nodes.values(),
      podNodes: this.#podNodes.values(),
    }
  }

  #unreadPools(): ReadonlySet<string> {
    const keys = [...this.#known.keysOf('ipaddresspools')].filter(
      (key) => !this.#pools.has(`pool ${key}`),
    )
    return new Set(keys.map((key) => key.slice(key.indexOf('/') + 1)))
  }

  #object({ resource, object, origin }: ObjectEvent): boolean {
    const key = nameOf(object, resources[resource].namespaced)
    this.#known.add(resource, key)
    const read = this.#read(resource, key, object, origin ?? 'API server')
    if (read === undefined) return false
    this.#options.read(`${resources[resource].kind} ${key}`, read.problems)
    return read.isNews
  }

  /** Stores what an object says; returns undefined if it is of no interest. */
  #read(resource: Resource, key: string, object: unknown, origin: string): Read | undefined {
    if (isBgpResource(resource) || isForAnnouncing(resource) || isToldResource(resource))
      return undefined
    switch (resource) {
      case 'services':
      case 'all-services':
        return this.#readService(key, object, origin)
      case 'ipaddresspools':
        return this.#readPool(key, object, origin)
      case 'configmaps':
        return this.#readConfigMap(key, object, origin)
      case 'namespaces':
        return this.#namespaces.put(key, object, origin)
      case 'nodes':
        return this.#nodes.put(key, object, origin)
      case 'endpointslices':
        return this.#podNodes.put(key, object, origin)
      default:
        return unreachable(resource)
    }
  }

  #readService(key: string, object: unknown, origin: string): Read | undefined {
    const status = readServiceStatus(object)
    const known = this.#services.get(key)
    // The answer to our own write and the watch bring the same versions, not always in order.
    if (known !== undefined && isOlder(status.version, known.status.version)) return undefined
    const decoded = decodeClaimant(object, origin, this.#options.classes())
    if (decoded.kind !== 'invalid') this.#services.set(key, { ...decoded, status })
    else if (known !== undefined) this.#services.set(key, { ...known, status })
    return { problems: decoded.problems, isNews: true }
  }

  #readPool(key: string, object: unknown, origin: string): Read {
    const decoded = decodeAddressPool(object, origin)
    const uid = valueAt(object, ['metadata', 'uid'])
    const status = valueAt(object, ['status'])
    this.#poolRecords.set(key, { status, uid: typeof uid === 'string' ? uid : '' })
    if (decoded.kind === 'pool') this.#pools.set(`pool ${key}`, [decoded.pool])
    return { problems: decoded.problems, isNews: true }
  }

  #readConfigMap(key: string, object: unknown, origin: string): Read | undefined {
    const decoded = decodeOldConfigMap(object, origin)
    if (decoded.kind === 'pools') this.#pools.set(`map ${key}`, decoded.pools)
    if (decoded.kind === 'ignored' && !this.#pools.delete(`map ${key}`)) return undefined
    return { problems: decoded.problems, isNews: true }
  }

  #all(resource: Resource, names: ReadonlySet<string>): boolean {
    for (const key of this.#known.listed(resource, names)) this.#remove(resource, key)
    return true
  }

  #remove(resource: Resource, key: string): boolean {
    this.#known.remove(resource, key)
    this.#options.read(`${resources[resource].kind} ${key}`, [])
    if (isBgpResource(resource) || isForAnnouncing(resource) || isToldResource(resource))
      return false
    switch (resource) {
      case 'services':
      case 'all-services':
        return this.#services.delete(key)
      case 'ipaddresspools':
        this.#poolRecords.delete(key)
        return this.#pools.delete(`pool ${key}`)
      case 'configmaps':
        return this.#pools.delete(`map ${key}`)
      case 'namespaces':
        return this.#namespaces.remove(key)
      case 'nodes':
        return this.#nodes.remove(key)
      case 'endpointslices':
        return this.#podNodes.remove(key)
      default:
        return unreachable(resource)
    }
  }
}

/** What became of an object that was read. */
interface Read {
  readonly problems: readonly Problem[]
  /** Whether it may change the allocation. */
  readonly isNews: boolean
}

interface PoolRecord {
  /** As it came. */
  readonly status: unknown
  /** The metadata.uid; empty if the object has none. */
  readonly uid: string
}
