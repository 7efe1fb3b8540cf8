import { candidatesOf } from '../frontend/candidates.ts'
import type { Candidates } from '../frontend/frontends.ts'
import type { ServiceObject, SliceObject } from '../model/service.ts'
import { type ServiceName, serviceName } from '../model/service-name.ts'

/** The Services that a renderer was given, and the slices of each. */
export class ClusterObjects {
  readonly services: Map<ServiceName, ServiceObject> = new Map()
  readonly #slices: Map<ServiceName, Map<string, SliceObject>> = new Map()
  readonly #serviceOfSlice: Map<string, ServiceName> = new Map()

  setService(service: ServiceObject): void {
    this.services.set(serviceName(service), service)
  }

  /** Returns the Services whose endpoints changed: two, if the slice went to another Service. */
  setSlice(slice: SliceObject): readonly ServiceName[] {
    const id = `${slice.namespace}/${slice.name}`
    const name = `${slice.namespace}/${slice.service}`
    const former = this.#serviceOfSlice.get(id)
    const left =
      former === undefined || former === name ? [] : this.removeSlice(slice.namespace, slice.name)
    this.#serviceOfSlice.set(id, name)
    const mine = this.#slices.get(name) ?? new Map<string, SliceObject>()
    mine.set(id, slice)
    this.#slices.set(name, mine)
    return [...left, name]
  }

  /** Returns the Service whose endpoints changed; none if the slice is not known. */
  removeSlice(namespace: string, sliceName: string): readonly ServiceName[] {
    const id = `${namespace}/${sliceName}`
    const name = this.#serviceOfSlice.get(id)
    if (name === undefined) return []
    this.#serviceOfSlice.delete(id)
    const mine = this.#slices.get(name)
    mine?.delete(id)
    if (mine?.size === 0) this.#slices.delete(name)
    return [name]
  }

  /** Returns the endpoints that the slices of a Service offer. */
  candidates(name: ServiceName): Candidates {
    // Sorted by name: if two slices disagree on an endpoint, the order of arrival must not decide.
    const mine = [...(this.#slices.get(name) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
    const slices = mine.map(([, slice]) => slice)
    return (port, family) => candidatesOf(slices, port, family)
  }
}
