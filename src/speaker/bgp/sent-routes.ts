import type { BgpSession } from '../../announce/bgp/decision.ts'
import { placeOf } from '../../announce/bgp/session-end.ts'
import { Frr } from '../../apply/bgp/frr.ts'
import { type Address, type Cidr, cidrContains, familyOf } from '../../model/address.ts'
import { sessionAt } from './view.ts'

/** What FRR has sent to a peer of what holds an address. */
export interface SentToPeer {
  /** The name of the BGPPeer. */
  readonly peer: string
  /** FRR's word, such as `Established` or `Active`; null if it has no such neighbour. */
  readonly state: string | null
  /** Prefixes with the address in them, in order. */
  readonly prefixes: readonly Cidr[]
}

export type SentRoutes =
  | { readonly kind: 'asked'; readonly peers: readonly SentToPeer[] }
  /** With `isAbsent` no bgpd runs here. */
  | { readonly kind: 'not-asked'; readonly reason: string; readonly isAbsent: boolean }

/** Asks the FRR of this machine what it has sent to peers of an address; it changes nothing. */
export async function routesSent(
  folder: string,
  peers: readonly BgpSession[],
  address: Address,
): Promise<SentRoutes> {
  const opened = await Frr.open({ folder, ownership: 'shared', broke: () => undefined })
  if (opened.kind === 'broken') return { ...opened, kind: 'not-asked' }
  const family = familyOf(address)
  const asked = peers.map(({ vrf, end }) => ({ vrf, neighbour: placeOf(end), family }))
  const [told, sent] = await Promise.all([opened.frr.sessions(), opened.frr.advertised(asked)])
  opened.frr.close()
  if (told.kind === 'broken') return { ...told, kind: 'not-asked', isAbsent: false }
  if (sent.kind === 'broken') return { ...sent, kind: 'not-asked', isAbsent: false }
  const { sessions } = told
  const { prefixes } = sent
  return {
    kind: 'asked',
    peers: peers.map(({ name, vrf, end }, at) => ({
      peer: name,
      state: sessionAt(sessions, { at: placeOf(end), vrf })?.state ?? null,
      prefixes: (prefixes[at] ?? []).filter((each) => cidrContains(each, address)).sort(),
    })),
  }
}
