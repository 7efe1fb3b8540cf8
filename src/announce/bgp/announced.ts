import type { Address, Cidr } from '../../model/address.ts'
import { present } from '../../model/present.ts'
import type { ServiceName } from '../../model/service-name.ts'
import type { BgpDecision } from './decide.ts'
import type { Vrf } from './decision.ts'
import { placeOf } from './session-end.ts'

/** An address of a Service that a program which speaks BGP has for a peer. */
export interface AnnouncedAddress {
  readonly service: ServiceName
  readonly address: Address
  /** The name of the BGPPeer. */
  readonly peer: string
  /** As what the peer is sent it; at least one. */
  readonly sent: readonly Sending[]
}

/** A prefix on its way to a peer, which the program knows by VRF and place. */
interface Sending {
  readonly vrf: Vrf
  readonly neighbour: string
  readonly prefix: Cidr
}

/**
 * Returns which of the addresses that are to be announced are in fact, in order of Service, address and
 * peer. While all routes are taken back there are none, whatever the objects say.
 */
export function announcedOf(
  { why, routes, peers }: BgpDecision,
  sends: (sending: Sending) => boolean,
): readonly AnnouncedAddress[] {
  const places = new Map(
    peers.map(({ name, vrf, end }) => [name, { vrf, neighbour: placeOf(end) }]),
  )
  return (routes.length === 0 ? [] : why).flatMap((each) => {
    if (each.kind !== 'announced') return []
    const { service, address, peer } = each
    const place = present(places.get(peer))
    const sent = each.routes.map(({ prefix }) => ({ ...place, prefix })).filter(sends)
    return sent.length === 0 ? [] : [{ service, address, peer, sent }]
  })
}
