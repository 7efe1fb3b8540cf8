import { claimsWithin } from '../../frontend/claim-rules.ts'
import type { NodeView, Settings } from '../../model/node.ts'
import type { Cluster } from '../../model/service.ts'
import type { ServiceName } from '../../model/service-name.ts'
import { allAtOnce, type Steps } from '../../model/steps.ts'
import { fill } from '../fill.ts'
import { ServedServices } from '../served-services.ts'
import type { Lowered } from './family-lowering.ts'
import { IptablesLowering } from './lowering.ts'

/** The chains of a node, with the Services that they serve. */
export interface RenderedChains {
  readonly services: ServedServices
  readonly lowering: IptablesLowering
}

/** Returns the chains of a node without Services. */
export function createChains(node: NodeView, settings: Settings): RenderedChains {
  const situation = { node, settings }
  return {
    services: new ServedServices(situation, claimsWithin),
    lowering: new IptablesLowering(situation),
  }
}

/**
 * Makes the chains follow the Services; returns what is different from before. `due` hears first of
 * each Service that may be.
 */
export function takeChainChanges(
  { services, lowering }: RenderedChains,
  due: (name: ServiceName) => void = () => undefined,
): Lowered {
  for (const { name, served } of services.takeDue()) {
    due(name)
    lowering.put(name, served)
  }
  return lowering.takeChanges()
}

/** Returns the chains that serve a whole cluster on one node. */
export function renderChains(cluster: Cluster, node: NodeView, settings: Settings): RenderedChains {
  return allAtOnce(renderChainsInSteps(cluster, node, settings))
}

/** Does the same object by object, because with many Services it takes seconds. */
export function* renderChainsInSteps(
  cluster: Cluster,
  node: NodeView,
  settings: Settings,
): Steps<RenderedChains> {
  const chains = createChains(node, settings)
  const { services, lowering } = chains
  yield* fill(services, cluster)
  for (const { name, served } of services.takeDue()) {
    lowering.put(name, served)
    yield
  }
  lowering.takeChanges()
  return chains
}
