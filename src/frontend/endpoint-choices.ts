import type { IpFamily } from '../model/address.ts'
import type { NodeView } from '../model/node.ts'
import type { ServicePort, SliceObject } from '../model/service.ts'
import type { ServiceName } from '../model/service-name.ts'
import { candidatesOf } from './candidates.ts'
import { chooseEndpoints } from './choose-endpoints.ts'
import { EndpointChooser } from './endpoint-chooser.ts'
import type { Choice } from './frontends.ts'

/**
 * Chooses the endpoints of Services. Where several slices name those of a port, the choice is
 * remembered: of a Service with many endpoints, a change costs what the changed slices name.
 */
export class EndpointChoices {
  readonly #node: NodeView
  readonly #choosers: Map<ServiceName, Map<string, EndpointChooser>> = new Map()

  constructor(node: NodeView) {
    this.#node = node
  }

  /** Returns the choice that these slices of the Service leave. */
  of(name: ServiceName, slices: readonly SliceObject[]): Choice {
    return (port, family) => {
      const offering = slices.length < 2 ? slices : slices.filter((each) => each.family === family)
      if (offering.length > 1) return this.#chooser(name, port, family).choose(offering)
      this.#choosers.get(name)?.delete(keyOf(port, family))
      return chooseEndpoints(candidatesOf(offering, port, family), this.#node)
    }
  }

  /** Forgets what was chosen for the Service, because it may have other ports now. */
  forget(name: ServiceName): void {
    this.#choosers.delete(name)
  }

  #chooser(name: ServiceName, port: ServicePort, family: IpFamily): EndpointChooser {
    const choosers = this.#choosers.get(name) ?? new Map<string, EndpointChooser>()
    this.#choosers.set(name, choosers)
    const key = keyOf(port, family)
    const chooser = choosers.get(key) ?? new EndpointChooser(this.#node, port, family)
    choosers.set(key, chooser)
    return chooser
  }
}

function keyOf({ name, protocol }: ServicePort, family: IpFamily): string {
  return `${name} ${protocol} ${family}`
}
