import type { BfdProfile } from '../../announce/bgp/bfd-profile.ts'
import type {
  BgpAnnouncements,
  BgpRoute,
  BgpSession,
  RouteAttributes as Told,
} from '../../announce/bgp/decision.ts'
import type { AnnounceProblem } from '../../announce/eligibility.ts'
import { present } from '../../model/present.ts'
import type {
  PeerPlace,
  RouteAttributes,
  WantedBfdProfile,
  WantedBgp,
  WantedPeer,
  WantedRoute,
} from './wanted.ts'
import { peerWord } from './wanted.ts'

/** What FRR is to do for a node. */
interface ForFrr {
  readonly wanted: WantedBgp
  /** What the objects ask for and FRR does not take; the rest of the object counts. */
  readonly problems: readonly AnnounceProblem[]
}

/** Returns what is announced in FRR's terms, where a peer is known by its place. */
export function wantedOf(announcements: BgpAnnouncements): ForFrr {
  const { routerId, asns, peers, bfdProfiles, routes } = announcements
  const words = new Map(peers.map((session) => [session.name, peerWord(placeOf(session))]))
  const routers = [...asns].map(([vrf, asn]) => ({
    ...{ vrf, asn },
    peers: peers.filter((session) => session.vrf === vrf).map(peerOf),
  }))
  return {
    wanted: {
      ...{ routerId, routers },
      bfdProfiles: bfdProfiles.map(profileOf),
      routes: routes.map((route) => routeOf(route, words)),
    },
    problems: peers.flatMap((session) =>
      faultsOf(session).map((message) => ({ object: `BGPPeer/${session.name}`, message })),
    ),
  }
}

/** Returns where a peer is, as FRR knows it. */
export function placeOf({ end }: BgpSession): PeerPlace {
  return end.kind === 'address'
    ? { kind: 'address', address: end.address }
    : { kind: 'interface', name: end.interface }
}

function peerOf(session: BgpSession): WantedPeer {
  const { remoteAs, families, port, ebgpMultihop: multihop, gracefulRestart } = session
  return {
    place: placeOf(session),
    remoteAs: remoteAs.kind === 'number' ? remoteAs.asn : remoteAs.kind,
    ...{ families, port, multihop, gracefulRestart },
    ...given('localAs', session.localAsn),
    ...given('bfdProfile', session.bfdProfile),
    ...given('password', session.password?.reveal()),
    ...given('sourceAddress', session.sourceAddress),
    ...given('timers', session.timers),
    ...given('connectTime', session.connectTime),
  }
}

function profileOf(profile: BfdProfile): WantedBfdProfile {
  const { name, echoMode, passiveMode } = profile
  return {
    ...{ name, echoMode, passiveMode },
    ...given('transmitInterval', profile.transmitInterval),
    ...given('receiveInterval', profile.receiveInterval),
    ...given('detectMultiplier', profile.detectMultiplier),
    ...given('echoInterval', profile.echoInterval),
    ...given('minimumTtl', profile.minimumTtl),
  }
}

function routeOf({ vrf, prefix, to }: BgpRoute, words: ReadonlyMap<string, string>): WantedRoute {
  const sent = [...to].map(([name, told]): [string, RouteAttributes] => {
    return [present(words.get(name)), attributesOf(told)]
  })
  return { vrf, prefix, peers: new Map(sent) }
}

function attributesOf({ communities, largeCommunities, localPref, weight }: Told): RouteAttributes {
  const rest = { ...given('localPref', localPref), ...given('bandwidth', weight) }
  return { communities, largeCommunities, ...rest }
}

/** Leaves a field out that has no value. */
function given<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [N in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [N in Name]?: Value })
}

/** Returns what FRR leaves out of a session, as field, found and expected. */
function faultsOf(session: BgpSession): readonly string[] {
  const { end, sourceAddress, ebgpMultihop, localAsn, remoteAs, myAsn } = session
  const isExternal =
    remoteAs.kind === 'number' ? remoteAs.asn !== myAsn : remoteAs.kind !== 'internal'
  const found: readonly (string | false)[] = [
    end.kind === 'interface' &&
      sourceAddress !== undefined &&
      `spec.sourceAddress: found ${sourceAddress} beside interface, expected one of them: FRR takes the address of the interface`,
    end.kind === 'interface' &&
      ebgpMultihop &&
      'spec.ebgpMultiHop: found true beside interface, expected one of them: the peer is on the link',
    !isExternal &&
      ebgpMultihop &&
      'spec.ebgpMultiHop: found true, expected a peer of another AS: others may be any number of hops away anyway',
    !isExternal &&
      localAsn !== undefined &&
      `spec.localASN: found ${localAsn}, expected a peer of another AS: FRR shows ${myAsn} to this one`,
  ]
  return found.filter((each) => each !== false)
}
