import { type Address, cidrContains, familyOf } from '../model/address.ts'
import type { NodeView, Settings } from '../model/node.ts'
import type { ServiceObject } from '../model/service.ts'
import { unreachable } from '../model/unreachable.ts'
import { vipKey } from '../ruleset/sets.ts'
import type { Tuple } from '../ruleset/types.ts'
import { type Claim, claimsOf } from './claims.ts'
import { claimFamilies } from './fragment.ts'

/**
 * All that a Service asks for. A NodePort is claimed on each address of the node. The address of
 * another node (k3s ServiceLB gives such out) is left to that node: bound here, the node itself
 * could not be reached any more.
 */
export function ipvsClaimsOf(
  service: ServiceObject,
  settings: Settings,
  node: NodeView,
): readonly Claim[] {
  const claims = new Map<Tuple, Claim>()
  for (const claim of claimsOf(service, settings)) {
    if (node.otherNodes?.has(claim.address as Address)) continue
    for (const each of claim.kind === 'node-port'
      ? spelled(service, claim, settings, node)
      : [claim]) {
      if (!claims.has(each.key)) claims.set(each.key, each)
    }
  }
  return [...claims.values()]
}

function spelled(
  service: ServiceObject,
  claim: Claim,
  settings: Settings,
  node: NodeView,
): readonly Claim[] {
  const { protocol, nodePort } = claim.port
  if (nodePort === undefined) return []
  const families = claimFamilies(service, claim)
  return nodePortAddresses(settings, node)
    .filter((address) => families.includes(familyOf(address)))
    .map((address) => ({ ...claim, address, key: vipKey(address, protocol, nodePort) }))
}

/** The addresses of this node on which NodePorts are served. */
export function nodePortAddresses(settings: Settings, node: NodeView): readonly Address[] {
  const own = [...new Set([...node.addresses, ...(node.localAddresses ?? [])])]
  const { nodePortAddresses: chosen } = settings
  switch (chosen.kind) {
    case 'primary':
      return (['ipv4', 'ipv6'] as const).flatMap((family) =>
        node.addresses.filter((address) => familyOf(address) === family).slice(0, 1),
      )
    case 'ranges':
      return own.filter((address) => chosen.ranges.some((range) => cidrContains(range, address)))
    case 'all':
      return own.filter((address) => !/^(127\.|::1$)/.test(address))
    default:
      return unreachable(chosen)
  }
}

/** Such an address is on another interface already, and stays there. */
export function isNodeAddress(node: NodeView, address: Address): boolean {
  return node.addresses.includes(address) || node.localAddresses?.includes(address) === true
}
