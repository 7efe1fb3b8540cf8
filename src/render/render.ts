import type { NodeView, Settings } from '../model/node.ts'
import type { Cluster } from '../model/service.ts'
import { allAtOnce, type Steps } from '../model/steps.ts'
import { createRenderer } from './cluster-renderer.ts'
import { fill } from './fill.ts'
import type { FamilyMemory } from './nftables/emit.ts'
import type { WholeRenderer } from './renderer.ts'

/** Renders a whole cluster for one node. */
export function renderCluster(
  cluster: Cluster,
  node: NodeView,
  settings: Settings,
  memory?: FamilyMemory,
): WholeRenderer {
  return allAtOnce(renderInSteps(cluster, node, settings, memory))
}

/** Does the same object by object, because with many Services it takes seconds. */
export function* renderInSteps(
  cluster: Cluster,
  node: NodeView,
  settings: Settings,
  memory?: FamilyMemory,
): Steps<WholeRenderer> {
  const renderer = createRenderer(node, settings, memory)
  yield* fill(renderer, cluster)
  yield* renderer.begin()
  renderer.takeChanges()
  return renderer
}
