import type { ServiceObject, SliceObject } from '../model/service.ts'
import type { ServiceName } from '../model/service-name.ts'

/** The Services that a renderer was given, and the slices of each. */
export class ClusterObjects {
  readonly services: Map<ServiceName, ServiceObject> = new Map()
  /** By Service, in order of name: nearly every Service has one, and a map of it would be large. */
  readonly #slices: Map<ServiceName, readonly SliceObject[]> = new Map()
  readonly #serviceOfSlice: Map<string, ServiceName> = new Map()

  /** Returns the Services whose endpoints changed: two, if the slice went to another Service. */
  setSlice(slice: SliceObject): readonly ServiceName[] {
    const id = `${slice.namespace}/${slice.name}`
    const name = `${slice.namespace}/${slice.service}`
    const former = this.#serviceOfSlice.get(id)
    const left =
      former === undefined || former === name ? [] : this.removeSlice(slice.namespace, slice.name)
    this.#serviceOfSlice.set(id, name)
    const others = this.#without(name, slice.name)
    this.#slices.set(name, others.length === 0 ? [slice] : [...others, slice].sort(byName))
    return [...left, name]
  }

  /** Returns the Service whose endpoints changed; none if the slice is not known. */
  removeSlice(namespace: string, sliceName: string): readonly ServiceName[] {
    const id = `${namespace}/${sliceName}`
    const name = this.#serviceOfSlice.get(id)
    if (name === undefined) return []
    this.#serviceOfSlice.delete(id)
    const rest = this.#without(name, sliceName)
    if (rest.length === 0) this.#slices.delete(name)
    else this.#slices.set(name, rest)
    return [name]
  }

  /** Returns the slices of a Service, in order of name. */
  slicesOf(name: ServiceName): readonly SliceObject[] {
    return this.#slices.get(name) ?? NO_SLICES
  }

  #without(name: ServiceName, slice: string): readonly SliceObject[] {
    const all = this.#slices.get(name)
    return all === undefined ? NO_SLICES : all.filter((each) => each.name !== slice)
  }
}

const NO_SLICES: readonly SliceObject[] = []

/** If two slices disagree on an endpoint, the order of arrival must not decide. */
function byName(a: SliceObject, b: SliceObject): number {
  return a.name < b.name ? -1 : 1
}
