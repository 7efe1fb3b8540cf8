import fc from 'fast-check'
import type { Cluster, ServiceObject, SliceObject } from '../../src/model/service.ts'
import type { Renderer } from '../../src/render/renderer.ts'
import { namespace, service, slice } from './random-cluster.ts'

/** An object that comes, changes or goes. */
export type ClusterChange =
  | { readonly kind: 'service' | 'gone'; readonly value: ServiceObject }
  | { readonly kind: 'slice' | 'slice-gone'; readonly value: SliceObject }

export const clusterChange: fc.Arbitrary<ClusterChange> = fc.oneof(
  service.map((value) => ({ kind: 'service' as const, value })),
  slice.map((value) => ({ kind: 'slice' as const, value })),
  service.map((value) => ({ kind: 'gone' as const, value })),
  slice.map((value) => ({ kind: 'slice-gone' as const, value })),
)

type Told = Pick<Renderer, 'setService' | 'removeService' | 'setSlice' | 'removeSlice'>

/** Objects as they are after the changes that a renderer was told of. */
export class ChangingCluster {
  readonly #renderer: Told
  readonly #services: Map<string, ServiceObject>
  readonly #slices: Map<string, SliceObject>

  /** `first` is what the renderer knows already. */
  constructor(renderer: Told, first: Cluster = { services: [], slices: [] }) {
    this.#renderer = renderer
    this.#services = new Map(first.services.map((each) => [each.name, each]))
    this.#slices = new Map(first.slices.map((each) => [each.name, each]))
  }

  change({ kind, value }: ClusterChange): void {
    switch (kind) {
      case 'service':
        this.#services.set(value.name, value)
        this.#renderer.setService(value)
        break
      case 'gone':
        this.#services.delete(value.name)
        this.#renderer.removeService(`${namespace}/${value.name}`)
        break
      case 'slice':
        this.#slices.set(value.name, value)
        this.#renderer.setSlice(value)
        break
      case 'slice-gone':
        this.#slices.delete(value.name)
        this.#renderer.removeSlice(namespace, value.name)
    }
  }

  all(): Cluster {
    return { services: [...this.#services.values()], slices: [...this.#slices.values()] }
  }
}
