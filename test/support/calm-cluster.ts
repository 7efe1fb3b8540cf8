import type { AgentPod } from '../../src/decode/cluster/agent-pod.ts'
import type { ToldNode } from '../../src/decode/cluster/told-node.ts'
import type { ClusterInput } from '../../src/view/cluster/cluster-input.ts'

/** When the cluster is looked at. */
const AT = '2026-01-01T00:10:00Z'

/** An agent that is ready, but for what is given. */
export function agentPod(node: string, more: Partial<AgentPod> = {}): AgentPod {
  const common = { pod: `kube-system/nodelb-${node}`, restarts: 0, config: undefined }
  return { node, ready: true, reason: '', image: 'nodelb:1', ...common, ...more }
}

/** What the agent of a Node tells if all is well, but for what is given. */
export function toldNode(node: string, more: Partial<ToldNode> = {}): ToldNode {
  return {
    ...{ node, observedAt: '2026-01-01T00:09:00Z', startedAt: '2025-12-31T00:00:00Z' },
    ...{ version: '0.1.0', backend: 'nftables', scope: 'load-balancer', owned: true },
    ...{ ready: true, reason: 'ready', p99Milliseconds: null, changes: 0, lastChangeAt: null },
    ...{ comparedAt: null, repairs: 0, drift: null, refused: [], refusedServices: 0 },
    ...more,
  }
}

/** A cluster of two Nodes in which all is well, but for what is given. */
export function calmCluster(more: Partial<ClusterInput> = {}): ClusterInput {
  return {
    at: AT,
    unread: { agents: false, lease: false, announcers: false, told: false },
    nodes: ['n1', 'n2'],
    agents: [agentPod('n2'), agentPod('n1')],
    told: [],
    lease: { namespace: 'kube-system', holder: 'controller-a', renewed: '2026-01-01T00:09:58Z' },
    served: { services: [], denials: [] },
    ...{ waiting: [], usage: [], given: [], announcers: [], silent: [] },
    ...{ problems: [], warnings: [] },
    ...more,
  }
}
