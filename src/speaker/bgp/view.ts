import type { AnnouncedAddress } from '../../announce/bgp/announced.ts'
import type { BgpDecision } from '../../announce/bgp/decide.ts'
import type { BgpSession } from '../../announce/bgp/decision.ts'
import { placeOf } from '../../announce/bgp/session-end.ts'
import type { AnnounceProblem } from '../../announce/eligibility.ts'
import type { BfdSession } from '../../apply/bgp/bfd.ts'
import type { Messages, WatchedSession } from '../../apply/bgp/sessions.ts'
import { type NotAnnounced, notAnnouncedOf } from './not-announced.ts'

/** What a node does about announcing by BGP at the moment, for people. */
export interface BgpView {
  readonly engine: 'frr' | 'frr-k8s'
  /** Why FRR cannot be configured; null if it can. */
  readonly failure: string | null
  readonly routerId: string
  /** How many prefixes are announced, to whichever peer. */
  readonly routes: number
  readonly peers: readonly BgpPeerView[]
  /** What FRR was found to announce, in order of Service and address, with the names of the BGPPeers. */
  readonly addresses: readonly {
    readonly address: string
    readonly service: string
    readonly peers: readonly string[]
  }[]
  /** What is meant for BGP and not announced, with the reason. */
  readonly notAnnounced: readonly NotAnnounced[]
  /** What a person should settle. */
  readonly problems: readonly { readonly object: string; readonly problem: string }[]
}

interface BgpPeerView {
  /** The name of the BGPPeer. */
  readonly name: string
  /** The address of the peer, or the interface at which it is. */
  readonly at: string
  readonly port: number
  /** Empty for the VRF that is there without a name. */
  readonly vrf: string
  /** FRR's word, such as `Established`, `Active` or `Connect`; null if FRR does not say. */
  readonly state: string | null
  /** Milliseconds in this state; 0 if there never was a session. */
  readonly uptimeMs: number
  /** How often a session came about since FRR started. */
  readonly established: number
  /** How often one ended. */
  readonly dropped: number
  /** How many prefixes the peer is to get. */
  readonly prefixes: number
  /** How many it was sent. */
  readonly sent: number
  /** What went to and fro since FRR started; null if FRR does not tell. */
  readonly messages: Messages | null
  /** Null without BFD. */
  readonly bfd: BfdSession | null
}

interface Seen {
  readonly failure: string | undefined
  readonly decision: BgpDecision
  readonly sessions: readonly WatchedSession[]
  readonly announced: readonly AnnouncedAddress[]
  readonly problems: readonly AnnounceProblem[]
}

/** Returns what this node does. */
export function bgpViewOf({ failure, decision, sessions, announced, problems }: Seen): BgpView {
  const { routerId, routes, peers } = decision
  return {
    engine: 'frr',
    failure: failure ?? null,
    routerId,
    routes: routes.length,
    peers: peers.map((each) => peerView(each, decision, sessions)),
    addresses: addressesOf(announced),
    notAnnounced: notAnnouncedOf(decision, announced),
    problems: problems.map(({ object, message }) => ({ object, problem: message })),
  }
}

function peerView(
  { name, end, port, vrf }: BgpSession,
  { routes }: BgpDecision,
  sessions: readonly WatchedSession[],
): BgpPeerView {
  const at = placeOf(end)
  const told = sessionAt(sessions, { at, vrf })
  return {
    ...{ name, at, port, vrf },
    state: told?.state ?? null,
    uptimeMs: told?.uptime ?? 0,
    established: told?.established ?? 0,
    dropped: told?.dropped ?? 0,
    prefixes: routes.filter(({ to }) => to.has(name)).length,
    sent: told?.families.reduce((sum, { sent }) => sum + sent, 0) ?? 0,
    messages: told?.messages ?? null,
    bfd: told?.bfd ?? null,
  }
}

function addressesOf(announced: readonly AnnouncedAddress[]): BgpView['addresses'] {
  const found = new Map<string, BgpView['addresses'][number] & { readonly peers: string[] }>()
  for (const { address, service, peer } of announced) {
    const key = `${service} ${address}`
    const known = found.get(key)
    if (known === undefined) found.set(key, { address, service, peers: [peer] })
    else known.peers.push(peer)
  }
  return [...found.values()]
}

/** Returns the session with the peer at a place; undefined if FRR has none. */
export function sessionAt(
  sessions: readonly WatchedSession[],
  { at, vrf }: { readonly at: string; readonly vrf: string },
): WatchedSession | undefined {
  return sessions.find((each) => each.peer === at && each.vrf === vrf)
}
