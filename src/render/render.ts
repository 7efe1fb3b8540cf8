import type { NodeView, Settings } from '../model/node.ts'
import type { Cluster } from '../model/service.ts'
import type { FamilyMemory } from './fragment.ts'
import { createRenderer, type WholeRenderer } from './renderer.ts'

/** Renders a whole cluster for one node. */
export function renderCluster(
  cluster: Cluster,
  node: NodeView,
  settings: Settings,
  memory?: FamilyMemory,
): WholeRenderer {
  const renderer = createRenderer(node, settings, memory)
  for (const slice of cluster.slices) renderer.setSlice(slice)
  for (const service of cluster.services) renderer.setService(service)
  renderer.settle()
  return renderer
}
