import type { Address } from '../model/address.ts'
import {
  type Advertisement,
  groupMac,
  NO_IPV6,
  type Solicitation,
  solicitedNode,
} from './frames-ndp.ts'

const ALL_NODES = 'ff02::1' as Address

/** The one that asks or is answered. */
interface Neighbour {
  readonly mac: string
  readonly address: Address
}

/**
 * Returns a question for an address that claims nothing: it comes from `::`, as duplicate address
 * detection asks (RFC 4862, 5.4.2). Linux gives a nonce of 12 hexadecimal digits with it.
 */
export function ndpProbe(mac: string, address: Address, nonce?: string): Solicitation {
  const headers = toGroup({ mac, address: NO_IPV6 }, address)
  return { kind: 'solicitation', ...headers, linkLayer: undefined, nonce }
}

/** Returns a question for the MAC address of `target`. */
export function ndpSolicitation(asker: Neighbour, target: Address): Solicitation {
  const headers = toGroup(asker, target)
  return { kind: 'solicitation', ...headers, linkLayer: asker.mac, nonce: undefined }
}

/** Returns the question whether a known neighbour is still there (RFC 4861, 7.3.3). */
export function ndpRecheck(asker: Neighbour, neighbour: Neighbour): Solicitation {
  return {
    kind: 'solicitation',
    to: neighbour.mac,
    from: asker.mac,
    source: asker.address,
    destination: neighbour.address,
    target: neighbour.address,
    linkLayer: undefined,
    nonce: undefined,
  }
}

function toGroup(
  asker: Neighbour,
  target: Address,
): Pick<Solicitation, 'to' | 'from' | 'source' | 'destination' | 'target'> {
  const destination = solicitedNode(target)
  const to = groupMac(destination)
  return { to, from: asker.mac, source: asker.address, destination, target }
}

/** Returns the answer that `address` is at `mac`, to the one that asked. */
export function ndpReply(mac: string, address: Address, asker: Neighbour): Advertisement {
  const told = unsolicited(mac, address)
  return { ...told, to: asker.mac, destination: asker.address, isSolicited: true }
}

/** Returns what tells everybody that `address` is at `mac` (RFC 4861, 7.2.6). */
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
