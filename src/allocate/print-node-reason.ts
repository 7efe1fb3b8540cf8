import type { IpFamily } from '../model/address.ts'
import { unreachable } from '../model/unreachable.ts'
import type { BarredNodes, NodeBar, NodeReason } from './node-reason.ts'
import { familyNames } from './print-pool-refusal.ts'
import type { Taint } from './taints.ts'

/** So many Nodes are named for one cause; of the others only the number is given. */
const NAMED = 5

/**
 * Returns a sentence that says why a Service has addresses of Nodes, or none, and what can be done
 * about it.
 */
export function printNodeReason(reason: NodeReason): string {
  switch (reason.kind) {
    case 'on-nodes':
      return `The Service has the addresses of ${nodes(reason.nodes)}${taken(reason.barred)}`
    case 'no-node':
      return `No Node can serve the Service: ${reason.barred.map(printBarred).join('; ')}`
    case 'no-node-address':
      return `The Nodes have no ${reason.type} that is ${printFamilies(reason.families)}; give them one, or change ipFamilies`
    case 'no-nodes-known':
      return 'No Node is known, so the status stays as it is'
    case 'pool-address-kept':
      return `The Service keeps its address of IPAddressPool ${reason.pool}, which is not replaced by those of Nodes; nodelb.io/renew asks for others`
    default:
      return unreachable(reason)
  }
}

/** Of a Service that has addresses, only the Nodes that it lost to another Service are news. */
function taken(barred: readonly BarredNodes[]): string {
  const causes = barred.filter(({ bar }) => bar.kind === 'port-taken').map(printBarred)
  return causes.length === 0 ? '' : `; it is not ${causes.join(', nor ')}`
}

function printBarred({ nodes: names, bar }: BarredNodes): string {
  return `on ${nodes(names)}, where ${printBar(bar)}`
}

function printBar(bar: NodeBar): string {
  switch (bar.kind) {
    case 'not-enabled':
      return 'the label svccontroller.k3s.cattle.io/enablelb is not "true"'
    case 'other-lbpool':
      return `the label svccontroller.k3s.cattle.io/lbpool is not "${bar.lbpool}"`
    case 'excluded':
      return 'the label node.kubernetes.io/exclude-from-external-load-balancers is set'
    case 'not-ready':
      return 'the condition Ready does not hold'
    case 'tainted':
      return `the taint ${printTaint(bar.taint)} is not tolerated`
    case 'no-ready-pod':
      return 'no pod is ready, and externalTrafficPolicy is Local'
    case 'port-taken':
      return `Service ${bar.holder} has port ${bar.port}/${bar.protocol}`
    case 'wrong-families':
      return `no address is ${printFamilies(bar.families)}`
    case 'internal-only':
      return 'there is no ExternalIP, as other Nodes have one'
    case 'service-leaving':
      return 'it has no address yet, and gets none while it is being deleted'
    default:
      return unreachable(bar)
  }
}

function printTaint({ key, value, effect }: Taint): string {
  return value === '' ? `${key}:${effect}` : `${key}=${value}:${effect}`
}

function printFamilies(families: readonly IpFamily[]): string {
  return families.map((family) => familyNames[family]).join(' or ')
}

function nodes(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).join(', ')
  const rest = names.length - NAMED
  return rest > 0 ? `${shown} and ${rest} more` : shown
}
