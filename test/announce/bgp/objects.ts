import type { BgpAdvertisement } from '../../../src/announce/bgp/advertisement.ts'
import type { BfdProfile } from '../../../src/announce/bgp/bfd-profile.ts'
import { type CommunityNames, parseCommunity } from '../../../src/announce/bgp/community.ts'
import { type BgpDecision, decideBgp } from '../../../src/announce/bgp/decide.ts'
import type { BgpDecisionSettings, BgpObjects } from '../../../src/announce/bgp/objects.ts'
import type { BgpPeer } from '../../../src/announce/bgp/peer.ts'
import type { AnnouncerNode } from '../../../src/announce/objects.ts'
import type { Address, Port } from '../../../src/model/address.ts'
import { present } from '../../../src/model/present.ts'
import { objects as announceObjects, node, pool, service } from '../objects.ts'

// Short ways to write down what announcing by BGP depends on.

/** A peer of AS 64501 at 10.0.0.1, for IPv4. */
export function peer(name: string, rest: Partial<BgpPeer> = {}): BgpPeer {
  return {
    ...{ name, namespace: 'metallb-system', nodes: undefined, routerId: undefined },
    ...{ end: { kind: 'address', address: '10.0.0.1' as Address }, vrf: '', port: 179 as Port },
    ...{ myAsn: 64500, remoteAs: { kind: 'number', asn: 64501 }, localAsn: undefined },
    ...{ sourceAddress: undefined, timers: undefined, connectTime: undefined },
    ...{ password: { kind: 'none' }, bfdProfile: undefined },
    ...{ gracefulRestart: false, ebgpMultihop: false, families: ['ipv4'] },
    ...rest,
  }
}

export function at(address: string): BgpPeer['end'] {
  return { kind: 'address', address: address as Address }
}

export function bgpAdvertisement(
  name: string,
  rest: Partial<BgpAdvertisement> = {},
): BgpAdvertisement {
  return {
    ...{ name, pools: undefined, nodes: undefined, services: undefined, peers: undefined },
    ...{ lengths: { ipv4: 32, ipv6: 128 }, localPref: undefined, communities: [] },
    ...rest,
  }
}

export function profile(name: string, rest: Partial<BfdProfile> = {}): BfdProfile {
  return {
    ...{
      name,
      namespace: 'metallb-system',
      receiveInterval: undefined,
      transmitInterval: undefined,
      echoInterval: undefined,
    },
    ...{ detectMultiplier: undefined, minimumTtl: undefined, echoMode: false, passiveMode: false },
    ...rest,
  }
}

export function community(object: string, names: Record<string, string>): CommunityNames {
  const values = Object.entries(names).map(
    ([name, text]) => [name, present(parseCommunity(text))] as const,
  )
  return { object, names: new Map(values) }
}

/** One peer, one pool, one advertisement for all, and the Service shop/web with endpoints on n1. */
export function bgpObjects(rest: Partial<BgpObjects> = {}): BgpObjects {
  const services = rest.services ?? [service('web', ['192.0.2.1'])]
  const { endpoints } = announceObjects({ nodes: [node('n1')], services })
  return {
    ...{ services, endpoints, pools: [pool('all', ['192.0.2.0/24', '2001:db8::/112'])] },
    ...{ peers: [peer('tor')], advertisements: [bgpAdvertisement('all')] },
    ...{ bfdProfiles: [], communities: [], secrets: new Map() },
    ...rest,
  }
}

export const settings: BgpDecisionSettings = {
  ignoreExcludeLabel: false,
  drain: { cordoned: 'ignore' },
  weightByEndpoints: false,
  classes: [],
}

export function decided(
  rest: Partial<BgpObjects> = {},
  here: Partial<AnnouncerNode> = {},
  changed: Partial<BgpDecisionSettings> = {},
): BgpDecision {
  return decideBgp(bgpObjects(rest), node('n1', here), { ...settings, ...changed })
}

/** The same for a node that announced something before. */
export function decidedAfter(before: BgpDecision, rest: Partial<BgpObjects>): BgpDecision {
  return decideBgp(bgpObjects(rest), node('n1'), settings, before)
}

/** Returns the routes as lines `VRF prefix -> peer: communities, localPref`. */
export function routesOf({ routes }: BgpDecision): readonly string[] {
  return routes.flatMap(({ vrf, prefix, to }) =>
    [...to].map(([name, { communities, largeCommunities, localPref, weight }]) => {
      const carried = [...communities, ...largeCommunities.map((text) => `large:${text}`)]
      const preference = localPref === undefined ? [] : [`localPref ${localPref}`]
      const share = weight === undefined ? [] : [`weight ${weight}`]
      const route = `${vrf === '' ? '' : `${vrf} `}${prefix} -> ${name}`
      return [route, ...carried, ...preference, ...share].join(' ')
    }),
  )
}

export function toldOf({ problems }: BgpDecision): readonly string[] {
  return problems.map(({ object, message }) => `${object}: ${message}`)
}

/** Returns the kinds of reasons, each once. */
export function reasonsOf({ why }: BgpDecision): readonly string[] {
  return why.map((each) => (each.kind === 'announced' ? each.kind : each.reason.kind))
}
