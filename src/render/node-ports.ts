import { type Address, cidrContains, familyOf } from '../model/address.ts'
import type { NodeView, Settings } from '../model/node.ts'
import { unreachable } from '../model/unreachable.ts'

/** The addresses of this node on which NodePorts are served, as far as they are known. */
export function nodePortAddresses(
  { nodePortAddresses: chosen }: Pick<Settings, 'nodePortAddresses'>,
  node: NodeView,
): readonly Address[] {
  const own = [...new Set([...node.addresses, ...(node.localAddresses ?? [])])]
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
