import type { Problem } from '../decode/problem.ts'
import { defaultLimits, type Limits } from '../model/limits.ts'
import type { Cluster, ServiceObject, SliceObject } from '../model/service.ts'
import { namespaceOf, type ServiceName, serviceName } from '../model/service-name.ts'
import type { ObjectChange } from './object-change.ts'
import { Admission, olderFirst } from './service-limits.ts'

/** A Service and its slices at one time. */
interface Version {
  readonly service: ServiceObject | undefined
  readonly slices: readonly SliceObject[]
}

const NOTHING: Version = { service: undefined, slices: [] }

type LimitListener = (service: ServiceName, problems: readonly Problem[]) => void

/**
 * The Services and slices as they were last readable. For a Service that is over the limits, the
 * last version within them stays in force, and all changes of it wait.
 */
export class KnownServices {
  readonly #services: Map<ServiceName, ServiceObject> = new Map()
  /** The slices by `namespace/name`, which are also the keys in `#slicesOf`. */
  readonly #slices: Map<string, SliceObject> = new Map()
  readonly #slicesOf: Map<ServiceName, Set<string>> = new Map()
  /** The Services over the limits, each in the version that is in force. */
  readonly #held: Map<ServiceName, Version> = new Map()
  readonly #told: LimitListener
  #admission: Admission
  /**
   * Whether all objects are listed and the limits apply. Before that, the outcome would depend on
   * the order of a list.
   */
  #judges = false

  constructor(told: LimitListener, limits: Limits = defaultLimits) {
    this.#told = told
    this.#admission = new Admission(limits)
  }

  /**
   * Applies the limits from now on, when all objects are listed. A Service that was never within
   * them is left out.
   */
  judge(): void {
    if (this.#judges) return
    this.#judges = true
    this.#judgeAll(() => NOTHING)
  }

  /** Changes the limits. Services that are now too large stay as they are. */
  setLimits(limits: Limits): void {
    this.#admission = new Admission(limits)
    this.#judgeAll((name) => this.#held.get(name) ?? this.#latest(name))
  }

  #judgeAll(otherwise: (name: ServiceName) => Version): void {
    for (const service of olderFirst(this.#services.values())) {
      const name = serviceName(service)
      if (this.#fits(name)) this.#held.delete(name)
      else this.#held.set(name, otherwise(name))
    }
  }

  /** Returns the names of the Services over the limits. */
  oversized(): ReadonlySet<ServiceName> {
    return new Set(this.#held.keys())
  }

  isOversized(service: ServiceName): boolean {
    return this.#held.has(service)
  }

  /** The numbers of Services and slices, as last read. */
  get counts(): Readonly<Record<'services' | 'slices', number>> {
    return { services: this.#services.size, slices: this.#slices.size }
  }

  /** Returns all Services and slices in the versions that are in force. */
  cluster(): Cluster {
    const services = [...this.#services.values()]
    const slices = [...this.#slices.values()]
    if (this.#held.size === 0) return { services, slices }
    const held = [...this.#held.values()]
    return {
      services: [
        ...services.filter((each) => !this.#held.has(serviceName(each))),
        ...held.flatMap(({ service }) => service ?? []),
      ],
      slices: [
        ...slices.filter((each) => !this.#held.has(ownerOf(each))),
        ...held.flatMap((each) => each.slices),
      ],
    }
  }

  /** Returns the Service in the version that is in force; undefined if there is none. */
  service(name: ServiceName): ServiceObject | undefined {
    const held = this.#held.get(name)
    return held === undefined ? this.#services.get(name) : held.service
  }

  /** Returns the Service as it was last read, within the limits or not. */
  latest(name: ServiceName): ServiceObject | undefined {
    return this.#services.get(name)
  }

  /** Returns the slices of the Service in the versions that are in force. */
  slicesOf(name: ServiceName): readonly SliceObject[] {
    return (this.#held.get(name) ?? this.#latest(name)).slices
  }

  hasSlice(key: string): boolean {
    return this.#slices.has(key)
  }

  /** Returns the Service of a slice; undefined if the slice was never read. */
  ownerOf(key: string): ServiceName | undefined {
    const slice = this.#slices.get(key)
    return slice && ownerOf(slice)
  }

  /** Stores a Service and returns the changes to render; none if it is over the limits. */
  setService(service: ServiceObject): readonly ObjectChange[] {
    const name = serviceName(service)
    return this.#change(name, { kind: 'service', service }, () => {
      this.#services.set(name, service)
    })
  }

  /** Removes a Service and returns the changes to render. */
  removeService(name: ServiceName): readonly ObjectChange[] {
    return this.#change(name, { kind: 'service-gone', name }, () => {
      this.#services.delete(name)
    })
  }

  /**
   * Stores a slice and returns the changes to render. If the slice belonged to another Service, it
   * has to be removed first.
   */
  setSlice(key: string, change: ObjectChange & { kind: 'slice' }): readonly ObjectChange[] {
    const { slice } = change
    const service = ownerOf(slice)
    return this.#change(service, change, () => {
      this.#slices.set(key, slice)
      const mine = this.#slicesOf.get(service)
      if (mine === undefined) this.#slicesOf.set(service, new Set([key]))
      else mine.add(key)
    })
  }

  /**
   * Removes a slice and returns the changes to render. `service` is the Service that it belonged
   * to, also if the slice could never be read.
   */
  removeSlice(key: string, service: ServiceName): readonly ObjectChange[] {
    return this.#change(service, sliceGone(key, service), () => {
      this.#slices.delete(key)
      const mine = this.#slicesOf.get(service)
      mine?.delete(key)
      if (mine?.size === 0) this.#slicesOf.delete(service)
    })
  }

  /** Applies a change and returns what it changes in the versions that are in force. */
  #change(name: ServiceName, change: ObjectChange, apply: () => void): readonly ObjectChange[] {
    const namespace = namespaceOf(name)
    const total = this.#admission.total(namespace)
    const before = this.#held.get(name) ?? this.#latest(name)
    apply()
    if (!this.#fits(name)) {
      this.#held.set(name, before)
      return []
    }
    const changes = this.#held.delete(name) ? caughtUp(name, before, this.#latest(name)) : [change]
    return this.#admission.total(namespace) < total
      ? [...changes, ...this.#letIn(namespace)]
      : changes
  }

  /** Admits Services of a namespace that has more room now; those that wait longest come first. */
  #letIn(namespace: string): readonly ObjectChange[] {
    const changes: ObjectChange[] = []
    for (const [name, before] of this.#held) {
      if (namespaceOf(name) !== namespace || !this.#fits(name)) continue
      this.#held.delete(name)
      changes.push(...caughtUp(name, before, this.#latest(name)))
    }
    return changes
  }

  #fits(name: ServiceName): boolean {
    if (!this.#judges) return true
    const { service, slices } = this.#latest(name)
    if (service === undefined) this.#admission.remove(name)
    const problems = service === undefined ? [] : this.#admission.admit(service, slices)
    this.#told(name, problems)
    return problems.length === 0
  }

  #latest(name: ServiceName): Version {
    const slices = [...(this.#slicesOf.get(name) ?? [])].map((key) => this.#slices.get(key))
    return {
      service: this.#services.get(name),
      slices: slices.filter((slice) => slice !== undefined),
    }
  }
}

/** Returns everything that changed in a Service while its changes waited. */
function caughtUp(name: ServiceName, before: Version, after: Version): readonly ObjectChange[] {
  const { service } = after
  const there = new Set(after.slices.map(keyOf))
  const known = new Set(before.slices)
  return [
    ...(service === undefined ? [{ kind: 'service-gone', name } as const] : []),
    ...(service === undefined || service === before.service
      ? []
      : [{ kind: 'service', service } as const]),
    ...before.slices.map(keyOf).flatMap((key) => (there.has(key) ? [] : sliceGone(key, name))),
    ...after.slices
      .filter((slice) => !known.has(slice))
      .map((slice) => ({ kind: 'slice', slice, triggered: undefined }) as const),
  ]
}

function sliceGone(key: string, service: ServiceName): ObjectChange {
  const slash = key.indexOf('/')
  return {
    kind: 'slice-gone',
    namespace: key.slice(0, slash),
    name: key.slice(slash + 1),
    service,
  }
}

function keyOf({ namespace, name }: SliceObject): string {
  return `${namespace}/${name}`
}

function ownerOf({ namespace, service }: SliceObject): ServiceName {
  return `${namespace}/${service}`
}
