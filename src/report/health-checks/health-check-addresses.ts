import { networkInterfaces } from 'node:os'
import { type Address, cidrContains, familyOf, parseAddress } from '../../model/address.ts'
import { type NodePortAddresses, type NodeView, nodePortAddressesIn } from '../../model/node.ts'

/**
 * An address to listen on; undefined means all addresses, of both families if the node has them.
 */
export type ListenAddress = Address | undefined

/** Returns where healthCheckNodePorts answer: on the addresses of NodePorts, as in kube-proxy. */
export function healthCheckAddresses(
  choice: NodePortAddresses,
  node: NodeView,
  own: readonly Address[],
): readonly ListenAddress[] {
  switch (choice.kind) {
    case 'all':
      return [undefined]
    case 'primary':
      return (['ipv4', 'ipv6'] as const).flatMap((family) => {
        const first = node.addresses.find((address) => familyOf(address) === family)
        return first === undefined ? [] : [first]
      })
    case 'ranges':
      return own.filter((address) => {
        const { kind } = nodePortAddressesIn(choice, familyOf(address))
        return kind === 'all' || choice.ranges.some((range) => cidrContains(range, address))
      })
  }
}

/**
 * Returns the addresses of this machine's interfaces, except link-local ones, which need a scope.
 */
export function ownAddresses(): readonly Address[] {
  const found = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? [])
  return found.flatMap(({ address, scopeid }) => {
    const parsed = scopeid ? undefined : parseAddress(address)
    return parsed === undefined ? [] : [parsed.value]
  })
}
