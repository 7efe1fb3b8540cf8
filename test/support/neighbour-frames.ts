import { type ArpFrame, arpProbe } from '../../src/announce/frames-arp.ts'
import type { Advertisement, Solicitation } from '../../src/announce/frames-ndp.ts'
import { ndpProbe, unsolicited } from '../../src/announce/neighbours.ts'
import type { Address } from '../../src/model/address.ts'

/** Frames that neighbours send and the program only hears. */

interface Neighbour {
  readonly mac: string
  readonly address: Address
}

/** The question for the MAC address of `target`. */
export function arpRequest(mac: string, sender: Address, target: Address): ArpFrame {
  return { ...arpProbe(mac, target), sender }
}

/** The answer that `address` is at `mac`, to the one that asked. */
export function arpReply(mac: string, address: Address, asker: Neighbour): ArpFrame {
  return {
    kind: 'arp',
    operation: 'reply',
    to: asker.mac,
    from: mac,
    senderMac: mac,
    sender: address,
    targetMac: asker.mac,
    target: asker.address,
  }
}

/** The question for the MAC address of `target`. */
export function ndpSolicitation({ mac, address }: Neighbour, target: Address): Solicitation {
  return { ...ndpProbe(mac, target), source: address, linkLayer: mac }
}

/** The question whether a known neighbour is still there (RFC 4861, 7.3.3). */
export function ndpRecheck(asker: Neighbour, { mac, address }: Neighbour): Solicitation {
  const question = ndpSolicitation(asker, address)
  return { ...question, to: mac, destination: address, linkLayer: undefined }
}

/** The answer that `address` is at `mac`, to the one that asked. */
export function ndpReply(mac: string, address: Address, asker: Neighbour): Advertisement {
  const told = unsolicited(mac, address)
  return { ...told, to: asker.mac, destination: asker.address, isSolicited: true }
}
