import type { AnnouncedAddress } from '../../announce/bgp/announced.ts'
import type { BgpDecision } from '../../announce/bgp/decide.ts'
import type { BgpSilenceReason } from '../../announce/bgp/silence.ts'
import { type BgpWhy, printBgpWhy } from '../../announce/bgp/why.ts'

/** Addresses of a Service that are not announced, to one peer or to any. */
export interface NotAnnounced {
  readonly service: string
  readonly addresses: readonly string[]
  /** The BGPPeer that does not get them; null if none does. */
  readonly peer: string | null
  /** A fixed word (docs/bgp.md). */
  readonly reason: string
  /** A sentence. */
  readonly message: string
}

/** Such Services are not for BGP at all. */
const ORDINARY: readonly BgpSilenceReason['kind'][] = [
  'no-address',
  'other-class',
  'no-advertisement',
]

const TAKEN_BACK = {
  reason: 'taken-back',
  message: 'All routes of the Node are taken back, because it or its agent is about to go',
}
const NOT_IN_FRR = {
  reason: 'not-in-frr',
  message: 'FRR was not found to have the route; a problem of FRR or of the BGPPeer says why',
}

/** Returns what is not announced of what is meant for BGP, in order of Service, address and peer. */
export function notAnnouncedOf(
  { why, routes }: BgpDecision,
  announced: readonly AnnouncedAddress[],
): readonly NotAnnounced[] {
  const held = new Set(announced.map(keyOf))
  const absent = routes.length === 0 ? TAKEN_BACK : NOT_IN_FRR
  return why.flatMap((each): readonly NotAnnounced[] => {
    if (each.kind === 'announced') {
      const { service, address, peer } = each
      return held.has(keyOf(each)) ? [] : [{ service, addresses: [address], peer, ...absent }]
    }
    if (each.kind === 'silent' && ORDINARY.includes(each.reason.kind)) return []
    const { service, reason } = each
    return [{ service, ...whomOf(each), reason: reason.kind, message: printBgpWhy(each) }]
  })
}

function whomOf(
  why: Exclude<BgpWhy, { readonly kind: 'announced' }>,
): Pick<NotAnnounced, 'addresses' | 'peer'> {
  return why.kind === 'silent'
    ? { addresses: why.addresses, peer: null }
    : { addresses: [why.address], peer: why.peer }
}

function keyOf({ service, address, peer }: Omit<AnnouncedAddress, 'sent'>): string {
  return `${service} ${address} ${peer}`
}
