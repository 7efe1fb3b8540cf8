import type { Problem } from '../decode/problem.ts'
import { defaultLimits, type Limits } from '../model/limits.ts'
import type { Cluster, ServiceObject, SliceObject } from '../model/service.ts'
import { namespaceOf, type ServiceName, serviceName } from '../model/service-name.ts'
import type { ObjectChange } from './object-change.ts'
import { Admission, olderFirst } from './service-limits.ts'

/** A Service and its slices at some time. */
interface Version {
  readonly service: ServiceObject | undefined
  readonly slices: readonly SliceObject[]
}

const NOTHING: Version = { service: undefined, slices: [] }

type LimitListener = (service: ServiceName, problems: readonly Problem[]) => void

/**
 * Services and slices as they were last readable. Of a Service that is over the limits, what held
 * when it was within them still holds, and all of its changes wait.
 */
export class KnownServices {
  readonly #services: Map<ServiceName, ServiceObject> = new Map()
  /** By `namespace/name`, as in `#slicesOf`. */
  readonly #slices: Map<string, SliceObject> = new Map()
  readonly #slicesOf: Map<ServiceName, Set<string>> = new Map()
  /** Those that are over the limits, as they still hold. */
  readonly #held: Map<ServiceName, Version> = new Map()
  readonly #told: LimitListener
  #admission: Admission
  /** Whether all is listed, so that no version depends on the order of a list. */
  #judges = false

  constructor(told: LimitListener, limits: Limits = defaultLimits) {
    this.#told = told
    this.#admission = new Admission(limits)
  }

  /** All is listed: from now on the limits count. What never was within them is left out. */
  judge(): void {
    if (this.#judges) return
    this.#judges = true
    this.#judgeAll(() => NOTHING)
  }

  /** Those that are too large by now stay as they are. */
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

  /** Names of Services that are over the limits. */
  oversized(): ReadonlySet<ServiceName> {
    return new Set(this.#held.keys())
  }

  isOversized(service: ServiceName): boolean {
    return this.#held.has(service)
  }

  get counts(): Readonly<Record<'services' | 'slices' | 'oversized', number>> {
    return {
      services: this.#services.size,
      slices: this.#slices.size,
      oversized: this.#held.size,
    }
  }

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

  /** As it holds. */
  service(name: ServiceName): ServiceObject | undefined {
    const held = this.#held.get(name)
    return held === undefined ? this.#services.get(name) : held.service
  }

  /** As it was last read, within the limits or not. */
  latest(name: ServiceName): ServiceObject | undefined {
    return this.#services.get(name)
  }

  slicesOf(name: ServiceName): readonly SliceObject[] {
    return (this.#held.get(name) ?? this.#latest(name)).slices
  }

  hasSlice(key: string): boolean {
    return this.#slices.has(key)
  }

  /** The Service of a slice. */
  ownerOf(key: string): ServiceName | undefined {
    const slice = this.#slices.get(key)
    return slice && ownerOf(slice)
  }

  setService(service: ServiceObject): readonly ObjectChange[] {
    const name = serviceName(service)
    return this.#change(name, { kind: 'service', service }, () => {
      this.#services.set(name, service)
    })
  }

  removeService(name: ServiceName): readonly ObjectChange[] {
    return this.#change(name, { kind: 'service-gone', name }, () => {
      this.#services.delete(name)
    })
  }

  /** One that belonged to another Service has to be removed before. */
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

  /** `service`: which it belonged to, also where it could never be read. */
  removeSlice(key: string, service: ServiceName): readonly ObjectChange[] {
    return this.#change(service, sliceGone(key, service), () => {
      this.#slices.delete(key)
      const mine = this.#slicesOf.get(service)
      mine?.delete(key)
      if (mine?.size === 0) this.#slicesOf.delete(service)
    })
  }

  /** What a change comes to for those who know what holds. */
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

  /** There is more room in the namespace: those that wait longest come first. */
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

/** All that changed of a Service while its changes waited. */
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
