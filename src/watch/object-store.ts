import { nameOf, valueAt } from '../decode/fields.ts'
import { defaultLimits, type Limits } from '../model/limits.ts'
import type { Cluster, ServiceObject, SliceObject } from '../model/service.ts'
import type { ServiceName } from '../model/service-name.ts'
import { unreachable } from '../model/unreachable.ts'
import { KnownServices } from './known-services.ts'
import { MeteredServices } from './metered-services.ts'
import type { ObjectChange } from './object-change.ts'
import {
  type DecodedObject,
  decoders,
  isNodeResource,
  keyIn,
  NODE_RESOURCES,
  type NodeResource,
  type ReadObjects,
  resources,
} from './resources.ts'
import { SeenObjects } from './seen-objects.ts'
import { serviceUid } from './service-uid.ts'
import type { ObjectEvent, SourceEvent } from './source.ts'
import type { ReadObject, StoreListener } from './store-listener.ts'

/** Keeps what the owner of the store needs to know about Nodes: everything, or some addresses. */
interface NodeKeeper {
  /** Returns the changes to render. */
  readonly keep: (name: string, read: ReadObjects['nodes']) => readonly ObjectChange[]
  readonly remove: (name: string) => readonly ObjectChange[]
}

interface StoreOptions<Nodes> {
  readonly nodes: Nodes
  readonly listener: StoreListener
  readonly limits?: Limits
  readonly metered?: MeteredServices
  /** The kinds that the source follows. */
  readonly followed?: readonly NodeResource[]
}

/**
 * The objects as they were last readable. An object that cannot be read replaces nothing: its
 * former version stays in force, and if a Service has none, the kernel keeps what it has for it
 * (`unread`). The same applies to Services over the limits.
 */
export class ObjectStore<Nodes extends NodeKeeper = NodeKeeper> {
  readonly nodes: Nodes
  readonly #listener: StoreListener
  readonly #known: KnownServices
  readonly #uids: Map<ServiceName, string> = new Map()
  readonly #followed: readonly NodeResource[]
  readonly #metered: MeteredServices
  readonly #seen: Map<NodeResource, SeenObjects> = new Map()
  /** For each object that could never be read, or only in part, the Service that it is about. */
  readonly #unread: Map<string, ServiceName> = new Map()
  readonly #listed: Set<NodeResource> = new Set()

  constructor({ nodes, listener, limits, followed, metered }: StoreOptions<Nodes>) {
    this.nodes = nodes
    this.#listener = listener
    this.#metered = metered ?? new MeteredServices()
    this.#known = new KnownServices(listener.judged, limits ?? defaultLimits)
    this.#followed = followed ?? NODE_RESOURCES
  }

  /** Changes the limits, which may change the versions in force. */
  setLimits(limits: Limits): void {
    this.#known.setLimits(limits)
  }

  /** Takes an event of the source and returns the changes to render. */
  apply(event: SourceEvent): readonly ObjectChange[] {
    const { resource } = event
    if (!isNodeResource(resource)) return []
    switch (event.kind) {
      case 'object':
        return this.#object(resource, event)
      case 'deleted':
        return this.#deleted(resource, keyIn(resource, event.namespace, event.name))
      case 'listed':
        return this.#all(resource, event.names)
      default:
        return unreachable(event)
    }
  }

  /**
   * Whether every kind has been listed completely, so that an object missing here does not exist.
   */
  complete(): boolean {
    return this.#followed.every((resource) => this.#listed.has(resource))
  }

  /** Returns all Services and slices in the versions that are in force. */
  cluster(): Cluster {
    return this.#known.cluster()
  }

  /** Returns the Service in the version in force; undefined if there is none. */
  service(name: ServiceName): ServiceObject | undefined {
    return this.#known.service(name)
  }

  slicesOf(service: ServiceName): readonly SliceObject[] {
    return this.#known.slicesOf(service)
  }

  /** Returns the metadata.uid of a Service; undefined if it is not known. */
  uid(service: ServiceName): string | undefined {
    return this.#uids.get(service)
  }

  /** Returns the Services that cannot be read, or only in part, and those over the limits. */
  unread(): ReadonlySet<ServiceName> {
    return new Set([...this.#unread.values(), ...this.#known.oversized()])
  }

  /**
   * Whether a Service can be rendered: it and all its slices could be read at some time, and it is
   * within the limits.
   */
  isRead(service: ServiceName): boolean {
    const isKnown = this.#known.latest(service) !== undefined && !this.#known.isOversized(service)
    return isKnown && ![...this.#unread.values()].includes(service)
  }

  /** Returns the numbers of Services and of slices, as last read. */
  counts(): Readonly<Record<'services' | 'endpointslices', number>> {
    const { services, slices } = this.#known.counts
    return { services, endpointslices: slices }
  }

  #object(resource: NodeResource, { object, origin }: ObjectEvent): readonly ObjectChange[] {
    const { decode } = decoders[resource]
    const key = nameOf(object, resources[resource].namespaced)
    // In a file, resourceVersion says nothing about changes: people edit an object and leave it as
    // it was.
    const found = origin === undefined ? valueAt(object, ['metadata', 'resourceVersion']) : ''
    const version = typeof found === 'string' ? found : ''
    const told = resource === 'services' ? this.#metered.version(version) : version
    if (!this.#of(resource).isNews(key, told)) return []
    const former = resource === 'services' ? this.#known.latest(key) : undefined
    const read = decode(object, origin ?? 'API server', former?.partial ? undefined : former)
    const decoded = this.#metered.marked(object, read)
    const service = decoders[resource].serviceOf(key, object)
    const uid = serviceUid(resource, object)
    if (service !== undefined && uid !== undefined) {
      // The listener reports a bad slice under this uid, even if the Service has not come yet.
      const isNeeded = decoded.problems.length > 0 && !this.#uids.has(service)
      if (resource === 'services' || isNeeded) this.#uids.set(service, uid)
    }
    this.#listener.read({ resource, key, service }, decoded)
    return this.#accept({ resource, key, service }, decoded)
  }

  #accept({ resource, key, service }: ReadObject, decoded: DecodedObject): readonly ObjectChange[] {
    const seen = this.#of(resource)
    if (decoded.kind === 'invalid') {
      const wasRead = seen.isIgnored(key) || this.#isKnown(resource, key)
      if (service !== undefined && !wasRead) this.#unread.set(`${resource} ${key}`, service)
      return []
    }
    seen.wasRead(key, decoded.kind === 'ignored' ? decoded.reason : undefined)
    return decoded.kind === 'ignored' ? this.#remove(resource, key) : this.#keep(key, decoded)
  }

  #keep(key: string, read: ReadObjects[NodeResource]): readonly ObjectChange[] {
    switch (read.kind) {
      case 'service':
        if (read.service.partial) this.#unread.set(`services ${key}`, key)
        else this.#unread.delete(`services ${key}`)
        return this.#known.setService(read.service)
      case 'slice':
        return this.#keepSlice(key, read)
      case 'node':
        return this.nodes.keep(key, read)
      default:
        return unreachable(read)
    }
  }

  #keepSlice(key: string, read: ReadObjects['endpointslices']): readonly ObjectChange[] {
    const { namespace, service } = read.slice
    const moved = this.#serviceOfSlice(key) !== `${namespace}/${service}`
    const gone = moved ? this.#removeSlice(key) : []
    this.#unread.delete(`endpointslices ${key}`)
    return [...gone, ...this.#known.setSlice(key, read)]
  }

  /**
   * Returns the Service of a slice as last readable, or of a slice that never was, by its label.
   */
  #serviceOfSlice(key: string): ServiceName | undefined {
    return this.#known.ownerOf(key) ?? this.#unread.get(`endpointslices ${key}`)
  }

  #all(resource: NodeResource, names: ReadonlySet<string>): readonly ObjectChange[] {
    this.#listed.add(resource)
    this.#listener.listed(this.#of('endpointslices').ignoredFor('no-service'))
    if (this.complete()) this.#known.judge()
    const gone = this.#of(resource).without(names)
    return gone.flatMap((key) => this.#deleted(resource, key))
  }

  #deleted(resource: NodeResource, key: string): readonly ObjectChange[] {
    this.#of(resource).forget(key)
    this.#listener.gone({ resource, key })
    return this.#remove(resource, key)
  }

  /** Removes an object, also one that could never be read: the kernel may have entries for it. */
  #remove(resource: NodeResource, key: string): readonly ObjectChange[] {
    switch (resource) {
      case 'services':
        return this.#removeService(key)
      case 'endpointslices':
        return this.#removeSlice(key)
      case 'nodes':
        return this.nodes.remove(key)
      default:
        return unreachable(resource)
    }
  }

  #removeService(name: ServiceName): readonly ObjectChange[] {
    this.#uids.delete(name)
    const unread = this.#unread.delete(`services ${name}`)
    return unread || this.#isKnown('services', name) ? this.#known.removeService(name) : []
  }

  #removeSlice(key: string): readonly ObjectChange[] {
    const service = this.#serviceOfSlice(key)
    this.#unread.delete(`endpointslices ${key}`)
    return service === undefined ? [] : this.#known.removeSlice(key, service)
  }

  #isKnown(resource: NodeResource, key: string): boolean {
    if (resource === 'endpointslices') return this.#known.hasSlice(key)
    return resource === 'services' && this.#known.latest(key) !== undefined
  }

  #of(resource: NodeResource): SeenObjects {
    const found = this.#seen.get(resource)
    if (found !== undefined) return found
    const seen = new SeenObjects()
    this.#seen.set(resource, seen)
    return seen
  }
}
