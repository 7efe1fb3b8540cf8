import type { Address } from '../model/address.ts'
import {
  type Advertisement,
  groupMac,
  NO_IPV6,
  type Solicitation,
  solicitedNode,
} from './frames-ndp.ts'

const ALL_NODES = 'ff02::1' as Address

/**
 * Returns a question for an address that claims nothing: it comes from `::`, as duplicate address
 * detection asks (RFC 4862, 5.4.2). Linux gives a nonce of 12 hexadecimal digits with it.
 */
export function ndpProbe(mac: string, address: Address, nonce?: string): Solicitation {
  const destination = solicitedNode(address)
  return {
    kind: 'solicitation',
    to: groupMac(destination),
    from: mac,
    source: NO_IPV6,
    destination,
    target: address,
    linkLayer: undefined,
    nonce,
  }
}

/** Returns the message that tells all neighbours that `address` is at `mac` (RFC 4861, 7.2.6). */
export function unsolicited(mac: string, address: Address): Advertisement {
  return {
    kind: 'advertisement',
    to: groupMac(ALL_NODES),
    from: mac,
    source: address,
    destination: ALL_NODES,
    target: address,
    isRouter: false,
    isSolicited: false,
    overrides: true,
    linkLayer: mac,
  }
}
