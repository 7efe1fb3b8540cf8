import { type Address, cidrContains, familyOf, type IpFamily } from '../model/address.ts'
import {
  type NodePortAddresses,
  type NodeView,
  nodePortAddressesIn,
  type Settings,
} from '../model/node.ts'
import { unreachable } from '../model/unreachable.ts'

const FAMILIES: readonly IpFamily[] = ['ipv4', 'ipv6']

/** Returns the addresses of this node on which NodePorts are served, as far as they are known. */
export function nodePortAddresses(
  { nodePortAddresses: chosen }: Pick<Settings, 'nodePortAddresses'>,
  node: NodeView,
): readonly Address[] {
  return FAMILIES.flatMap((family) => {
    const own = [...new Set([...node.addresses, ...(node.localAddresses ?? [])])]
    return chosenOf(
      nodePortAddressesIn(chosen, family),
      own.filter((address) => familyOf(address) === family),
      node.addresses.find((address) => familyOf(address) === family),
    )
  })
}

function chosenOf(
  chosen: NodePortAddresses,
  own: readonly Address[],
  primary: Address | undefined,
): readonly Address[] {
  switch (chosen.kind) {
    case 'primary':
      return primary === undefined ? [] : [primary]
    case 'ranges':
      return own.filter((address) => chosen.ranges.some((range) => cidrContains(range, address)))
    case 'all':
      return own.filter((address) => !/^(127\.|::1$)/.test(address))
    default:
      return unreachable(chosen)
  }
}
