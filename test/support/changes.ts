import fc from 'fast-check'
import type { Port } from '../../src/model/address.ts'
import type { Cluster, ServiceObject, SliceObject } from '../../src/model/service.ts'
import type { Renderer } from '../../src/render/renderer.ts'
import { namespace, service, slice } from './random-cluster.ts'

/** What takes objects one by one. */
export type Objects = Pick<Renderer, 'setService' | 'removeService' | 'setSlice' | 'removeSlice'>

/** Two Services may ask for the same health-check port, though no API server gives it to both. */
const serviceWithHealth = fc
  .tuple(service, fc.constantFrom(undefined, undefined, 31_000, 31_001))
  .map(([each, port]): ServiceObject => ({ ...each, healthCheckPort: port as Port | undefined }))

/** A change of the objects of random-cluster.ts, for whatever follows them. */
export const change: fc.Arbitrary<(to: Objects) => void> = fc.oneof(
  serviceWithHealth.map((value) => (to: Objects) => to.setService(value)),
  service.map(
    ({ name }) =>
      (to: Objects) =>
        to.removeService(`${namespace}/${name}`),
  ),
  slice.map((value) => (to: Objects) => to.setSlice(value)),
  slice.map((value) => (to: Objects) => to.setSlice(value)),
  slice.map(
    ({ name }) =>
      (to: Objects) =>
        to.removeSlice(namespace, name),
  ),
)

/** Keeps the objects as they are now, so that all can be rendered at once. */
export function keptObjects(first?: Cluster): Objects & { cluster(): Cluster } {
  const services = new Map<string, ServiceObject>()
  const slices = new Map<string, SliceObject>()
  const objects = {
    setService(each: ServiceObject) {
      services.set(`${each.namespace}/${each.name}`, each)
    },
    removeService(name: string) {
      services.delete(name)
    },
    setSlice(each: SliceObject) {
      slices.set(`${each.namespace}/${each.name}`, each)
    },
    removeSlice(of: string, name: string) {
      slices.delete(`${of}/${name}`)
    },
    cluster: () => ({ services: [...services.values()], slices: [...slices.values()] }),
  }
  for (const each of first?.services ?? []) objects.setService(each)
  for (const each of first?.slices ?? []) objects.setSlice(each)
  return objects
}
