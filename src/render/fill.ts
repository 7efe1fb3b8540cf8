import type { Cluster } from '../model/service.ts'
import type { Steps } from '../model/steps.ts'
import type { Renderer } from './renderer.ts'

/** Gives all objects of a cluster to what follows them, one in each step. */
export function* fill(
  to: Pick<Renderer, 'setService' | 'setSlice'>,
  { services, slices }: Cluster,
): Steps<void> {
  for (const slice of slices) {
    to.setSlice(slice)
    yield
  }
  for (const service of services) {
    to.setService(service)
    yield
  }
}
