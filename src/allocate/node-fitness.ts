import type { Labels } from '../model/label-selector.ts'
import type { NodeBar } from './node-reason.ts'
import type { CandidateNode, NodeClaimant } from './nodes-world.ts'
import { taintAgainst } from './taints.ts'

/** Labels of Nodes: two of k3s ServiceLB, and a well-known one whose value means nothing (KEP-1143). */
const ENABLE = 'svccontroller.k3s.cattle.io/enablelb'
const LBPOOL = 'svccontroller.k3s.cattle.io/lbpool'
const EXCLUDE = 'node.kubernetes.io/exclude-from-external-load-balancers'

/** Returns what keeps a Service away from a Node, without regard to others; undefined if nothing does. */
export type Fitness = (claimant: NodeClaimant, node: CandidateNode) => NodeBar | undefined

/**
 * Returns the rules of k3s ServiceLB for these Nodes. If any has the label `enablelb`, only those
 * with the value `true` serve, and only then does `lbpool` choose among them.
 */
export function fitnessAmong(nodes: readonly CandidateNode[]): Fitness {
  const choosing = nodes.some(({ labels }) => labels.has(ENABLE))
  return (claimant, node) => {
    const { labels } = node
    if (choosing && labels.get(ENABLE) !== 'true') return { kind: 'not-enabled' }
    if (choosing && claimant.lbpool !== undefined && labels.get(LBPOOL) !== claimant.lbpool) {
      return { kind: 'other-lbpool', lbpool: claimant.lbpool }
    }
    if (isExcluded(labels)) return { kind: 'excluded' }
    if (!node.ready) return { kind: 'not-ready' }
    const taint = taintAgainst(node.taints, claimant.tolerations)
    if (taint !== undefined) return { kind: 'tainted', taint }
    return claimant.podNodes?.has(node.name) === false ? { kind: 'no-ready-pod' } : undefined
  }
}

/** Returns whether a Node asks to be left out by balancers; ServiceLB does not heed this label. */
export function isExcluded(labels: Labels): boolean {
  return labels.has(EXCLUDE)
}
