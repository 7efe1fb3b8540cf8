import { type ClaimsOf, judgeOf } from '../../frontend/claim-rules.ts'
import { type Claim, claimFamilies, claimsOf, distinct } from '../../frontend/claims.ts'
import { nodePortAddresses } from '../../frontend/node-ports.ts'
import { type Address, familyOf } from '../../model/address.ts'
import { vipKey } from '../../model/frontend-id.ts'
import type { NodeView, Settings } from '../../model/node.ts'
import { present } from '../../model/present.ts'
import type { ServiceObject } from '../../model/service.ts'

/** Returns what may be claimed on this node. A NodePort is claimed on each address of the node. */
export function ipvsClaimsWithin(settings: Settings, node: NodeView): ClaimsOf {
  const judge = judgeOf(settings, node)
  const addresses = nodePortAddresses(settings, node)
  return (service) =>
    distinct(
      claimsOf(service, settings, judge).flatMap((claim) =>
        claim.kind === 'node-port' ? spelledOut(service, claim, addresses) : [claim],
      ),
    )
}

function spelledOut(
  service: ServiceObject,
  claim: Claim,
  addresses: readonly Address[],
): readonly Claim[] {
  const { protocol } = claim.port
  const nodePort = present(claim.port.nodePort)
  const families = claimFamilies(service, claim)
  return addresses
    .filter((address) => families.includes(familyOf(address)))
    .map((address) => ({ ...claim, address, key: vipKey(address, protocol, nodePort) }))
}

/** Returns whether another interface has the address already; it stays there. */
export function isNodeAddress(node: NodeView, address: Address): boolean {
  return node.addresses.includes(address) || node.localAddresses?.includes(address) === true
}
