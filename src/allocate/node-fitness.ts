import type { Labels } from '../model/label-selector.ts'
import type { NodeBar } from './node-reason.ts'
import type { CandidateNode, NodeClaimant } from './nodes-world.ts'
import { taintAgainst } from './taints.ts'

/** Labels of Nodes: two of k3s ServiceLB, and a well-known one whose value means nothing (KEP-1143). */
const ENABLE = 'svccontroller.k3s.cattle.io/enablelb'
const LBPOOL = 'svccontroller.k3s.cattle.io/lbpool'
const EXCLUDE = 'node.kubernetes.io/exclude-from-external-load-balancers'

/** Returns what keeps a Service away from a Node, without regard to others; undefined if nothing does. */
export type Fitness = (claimant: NodeClaimant) => (node: CandidateNode) => NodeBar | undefined

// One object for each cause, so that Nodes are quickly gathered by it.
const NOT_ENABLED = { kind: 'not-enabled' } as const
const EXCLUDED = { kind: 'excluded' } as const
const NOT_READY = { kind: 'not-ready' } as const
const NO_READY_POD = { kind: 'no-ready-pod' } as const

/**
 * Returns the rules of k3s ServiceLB for these Nodes. If any has the label `enablelb`, only those
 * with the value `true` serve, and only then does `lbpool` choose among them.
 */
export function fitnessAmong(nodes: readonly CandidateNode[]): Fitness {
  const choosing = nodes.some(({ labels }) => labels.has(ENABLE))
  return ({ lbpool, tolerations, podNodes }) => {
    const otherPool = lbpool === undefined ? undefined : ({ kind: 'other-lbpool', lbpool } as const)
    return ({ name, labels, ready, taints }) => {
      if (choosing && labels.get(ENABLE) !== 'true') return NOT_ENABLED
      if (choosing && lbpool !== undefined && labels.get(LBPOOL) !== lbpool) return otherPool
      if (isExcluded(labels)) return EXCLUDED
      if (!ready) return NOT_READY
      const taint = taintAgainst(taints, tolerations)
      if (taint !== undefined) return { kind: 'tainted', taint }
      return podNodes?.has(name) === false ? NO_READY_POD : undefined
    }
  }
}

/** Returns whether a Node asks to be left out by balancers; ServiceLB does not heed this label. */
export function isExcluded(labels: Labels): boolean {
  return labels.has(EXCLUDE)
}
