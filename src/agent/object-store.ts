import { nameOf, valueAt } from '../decode/fields.ts'
import type { Problem } from '../decode/problem.ts'
import { defaultLimits, type Limits } from '../model/limits.ts'
import type { NodeView } from '../model/node.ts'
import type { Cluster, ServiceObject, SliceObject } from '../model/service.ts'
import { namespaceOf, type ServiceName } from '../model/service-name.ts'
import { unreachable } from '../model/unreachable.ts'
import {
  decodeObject,
  isEligible,
  type ObjectEvent,
  type ReadObject,
} from '../watch/decode-object.ts'
import { kindOf } from '../watch/identity.ts'
import { RESOURCES, type Resource, type SourceEvent } from '../watch/source.ts'
import { KnownServices } from './known-services.ts'
import type { ObjectChange } from './object-change.ts'
import { SeenNodes } from './seen-nodes.ts'
import { SlicesWithoutService } from './slices-without-service.ts'

interface ObjectListener {
  /** All problems of one object, each time they change; none: it is in order again. */
  readonly problems: (object: string, problems: readonly Problem[]) => void
  /** Our Node is told of, changed or not. */
  readonly nodeSeen?: () => void
  /** KEP-3836: whether balancers in front should send new connections elsewhere. */
  readonly leaving: (leaving: boolean) => void
}

/**
 * The objects as they were last readable. What cannot be read replaces nothing: the version before
 * it still holds, and of a Service without one the kernel keeps what it has (`unread`). The same is so
 * of what is over the limits.
 */
export class ObjectStore {
  readonly #nodes: SeenNodes
  readonly #listener: ObjectListener
  readonly #known: KnownServices
  readonly #uids: Map<ServiceName, string> = new Map()
  readonly #versions: Readonly<Record<Resource, Map<string, string>>> = perResource(() => new Map())
  /** Of each object, those of reading it, and those of its size. */
  readonly #unreadable: Map<string, readonly Problem[]> = new Map()
  readonly #oversized: Map<string, readonly Problem[]> = new Map()
  readonly #told: Map<string, string> = new Map()
  /** For objects that could never be read, the Service each is about. */
  readonly #unread: Map<string, ServiceName> = new Map()
  readonly #withoutService: SlicesWithoutService = new SlicesWithoutService()
  readonly #listed: Set<Resource> = new Set()
  #leaving = false

  constructor(node: string, listener: ObjectListener, limits: Limits = defaultLimits) {
    this.#nodes = new SeenNodes(node)
    this.#listener = listener
    this.#known = new KnownServices((service, problems) => {
      this.#report(`Service ${service}`, problems, this.#oversized)
    }, limits)
  }

  /** What holds may be something else from now on. */
  setLimits(limits: Limits): void {
    this.#known.setLimits(limits)
  }

  take(event: SourceEvent): readonly ObjectChange[] {
    switch (event.kind) {
      case 'object':
        return this.#object(event)
      case 'deleted':
        return this.#deleted(event.resource, keyOf(event.resource, event.namespace, event.name))
      case 'listed':
        this.#listed.add(event.resource)
        this.#report('EndpointSlices', this.#withoutService.problems())
        if (this.complete()) this.#known.judge()
        return [...this.#versions[event.resource].keys()]
          .filter((key) => !event.names.has(key))
          .flatMap((key) => this.#deleted(event.resource, key))
      default:
        return unreachable(event)
    }
  }

  /** Whether every kind has been listed whole, so that what is missing here is missing there. */
  complete(): boolean {
    return this.#listed.size === RESOURCES.length
  }

  /** Our Node, among those others that the source tells of. */
  node(): NodeView | undefined {
    return this.#nodes.view()
  }

  /** What our Node names no more and stays as it was, a sentence each. */
  nodeMissing(): readonly string[] {
    return this.#nodes.missing()
  }

  cluster(): Cluster {
    return this.#known.cluster()
  }

  service(name: ServiceName): ServiceObject | undefined {
    return this.#known.service(name)
  }

  slicesOf(service: ServiceName): readonly SliceObject[] {
    return this.#known.slicesOf(service)
  }

  /** metadata.uid of a Service. */
  uid(service: ServiceName): string | undefined {
    return this.#uids.get(service)
  }

  unread(): ReadonlySet<ServiceName> {
    return new Set([...this.#unread.values(), ...this.#known.oversized()])
  }

  /** Whether a Service can be rendered: it and all its slices could be read at some time. */
  isRead(service: ServiceName): boolean {
    const isKnown = this.#known.latest(service) !== undefined && !this.#known.isOversized(service)
    return isKnown && ![...this.#unread.values()].includes(service)
  }

  counts(): Readonly<Record<'services' | 'endpointslices' | 'invalid', number>> {
    const { services, slices, oversized } = this.#known.counts
    return { services, endpointslices: slices, invalid: this.#unread.size + oversized }
  }

  #object(event: ObjectEvent): readonly ObjectChange[] {
    const { resource, object } = event
    const key = nameOf(object, resource !== 'nodes')
    const isOther = resource === 'nodes' && !this.#nodes.isOwn(key)
    const version = valueAt(object, ['metadata', 'resourceVersion'])
    const known = this.#versions[resource].get(key)
    if (typeof version === 'string' && version === known) return []
    this.#versions[resource].set(key, typeof version === 'string' ? version : '')
    const former = resource === 'services' ? this.#known.latest(key) : undefined
    const decoded = decodeObject(event, former?.partial ? undefined : former)
    if (resource === 'endpointslices') this.#withoutService.follow(key, decoded)
    if (!isOther) this.#report(`${kindOf[resource]} ${key}`, decoded.problems)
    if (decoded.kind === 'invalid') {
      this.#noteUnread(resource, key, object)
      return []
    }
    if (resource === 'nodes' && !isOther) this.#tellLeaving(!isEligible(object))
    const uid = valueAt(object, ['metadata', 'uid'])
    if (resource === 'services' && typeof uid === 'string') this.#uids.set(key, uid)
    return decoded.kind === 'ignored' ? this.#remove(resource, key) : this.#keep(key, decoded)
  }

  #keep(key: string, change: ReadObject): readonly ObjectChange[] {
    switch (change.kind) {
      case 'service':
        if (change.service.partial) this.#unread.set(`services ${key}`, key)
        else this.#unread.delete(`services ${key}`)
        return this.#known.setService(change.service)
      case 'slice':
        return this.#keepSlice(key, change)
      case 'node': {
        const news = this.#nodes.keep(key, change.node)
        if (this.#nodes.isOwn(key)) this.#listener.nodeSeen?.()
        return news
      }
      default:
        return unreachable(change)
    }
  }

  #keepSlice(key: string, change: ReadObject & { kind: 'slice' }): readonly ObjectChange[] {
    const { namespace, service } = change.slice
    const moved = this.#serviceOfSlice(key) !== `${namespace}/${service}`
    const gone = moved ? this.#remove('endpointslices', key) : []
    this.#unread.delete(`endpointslices ${key}`)
    return [...gone, ...this.#known.setSlice(key, change)]
  }

  /** As it was last readable; of what never was, as its label says. */
  #serviceOfSlice(key: string): ServiceName | undefined {
    return this.#known.ownerOf(key) ?? this.#unread.get(`endpointslices ${key}`)
  }

  #deleted(resource: Resource, key: string): readonly ObjectChange[] {
    this.#versions[resource].delete(key)
    if (resource === 'endpointslices') this.#withoutService.follow(key)
    this.#report(`${kindOf[resource]} ${key}`, [])
    return this.#remove(resource, key)
  }

  /** Also of what could never be read: the kernel may have something of it. */
  #remove(resource: Resource, key: string): readonly ObjectChange[] {
    if (resource === 'nodes') return this.#nodes.remove(key)
    const slice = resource === 'endpointslices' ? this.#serviceOfSlice(key) : undefined
    const unread = this.#unread.delete(`${resource} ${key}`)
    if (resource === 'services') {
      this.#uids.delete(key)
      const known = this.#known.latest(key) !== undefined
      return known || unread ? this.#known.removeService(key) : []
    }
    return slice === undefined ? [] : this.#known.removeSlice(key, slice)
  }

  #noteUnread(resource: Resource, key: string, object: unknown): void {
    if (resource === 'services' && this.#known.latest(key) === undefined) {
      this.#unread.set(`${resource} ${key}`, key)
    }
    if (resource !== 'endpointslices' || this.#known.hasSlice(key)) return
    const service = valueAt(object, ['metadata', 'labels', 'kubernetes.io/service-name'])
    if (typeof service !== 'string' || service === '') return
    const namespace = namespaceOf(key)
    this.#unread.set(`${resource} ${key}`, `${namespace}/${service}`)
  }

  #tellLeaving(leaving: boolean): void {
    if (leaving === this.#leaving) return
    this.#leaving = leaving
    this.#listener.leaving(leaving)
  }

  #report(object: string, problems: readonly Problem[], of = this.#unreadable): void {
    if (problems.length > 0) of.set(object, problems)
    else of.delete(object)
    const read = this.#unreadable.get(object) ?? []
    const all = [...read, ...(this.#oversized.get(object) ?? [])]
    const text = all.length === 0 ? '' : JSON.stringify(all)
    if (text === (this.#told.get(object) ?? '')) return
    if (text === '') this.#told.delete(object)
    else this.#told.set(object, text)
    this.#listener.problems(object, all)
  }
}

function perResource<Value>(make: () => Value): Readonly<Record<Resource, Value>> {
  return { services: make(), endpointslices: make(), nodes: make() }
}

const keyOf = (resource: Resource, namespace: string, name: string): string =>
  resource === 'nodes' ? name : `${namespace}/${name}`
