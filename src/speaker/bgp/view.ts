import { placeOf } from '../../announce/bgp/clash.ts'
import type { BgpDecision } from '../../announce/bgp/decide.ts'
import type { BgpSession } from '../../announce/bgp/decision.ts'
import type { AnnounceProblem } from '../../announce/eligibility.ts'
import type { Session } from '../../apply/bgp/sessions.ts'

/** What a node does about announcing by BGP at the moment, for people. */
export interface BgpView {
  readonly engine: 'frr'
  /** Why FRR cannot be configured; null if it can. */
  readonly failure: string | null
  readonly routerId: string
  /** How many prefixes are announced, to whichever peer. */
  readonly routes: number
  readonly peers: readonly BgpPeerView[]
  /** In order of Service and address, with the names of the BGPPeers that get it. */
  readonly addresses: readonly {
    readonly address: string
    readonly service: string
    readonly peers: readonly string[]
  }[]
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
  /** How many UPDATE messages it was sent since FRR started. */
  readonly updates: number
}

interface Seen {
  readonly failure: string | undefined
  readonly decision: BgpDecision
  readonly sessions: readonly Session[]
  readonly problems: readonly AnnounceProblem[]
}

/** Returns what this node does. */
export function bgpViewOf({ failure, decision, sessions, problems }: Seen): BgpView {
  const { routerId, routes, peers } = decision
  return {
    engine: 'frr',
    failure: failure ?? null,
    routerId,
    routes: routes.length,
    peers: peers.map((each) => peerView(each, decision, sessions)),
    addresses: addressesOf(decision),
    problems: problems.map(({ object, message }) => ({ object, problem: message })),
  }
}

function peerView(
  { name, end, port, vrf }: BgpSession,
  { routes }: BgpDecision,
  sessions: readonly Session[],
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
    updates: told?.updates ?? 0,
    sent: told?.families.reduce((sum, { sent }) => sum + sent, 0) ?? 0,
  }
}

/** While all routes are taken back, nothing is announced whatever the objects say. */
function addressesOf({ why, routes }: BgpDecision): BgpView['addresses'] {
  const found = new Map<string, BgpView['addresses'][number] & { readonly peers: string[] }>()
  for (const each of routes.length === 0 ? [] : why) {
    if (each.kind !== 'announced') continue
    const { address, service, peer } = each
    const key = `${service} ${address}`
    const known = found.get(key)
    if (known === undefined) found.set(key, { address, service, peers: [peer] })
    else known.peers.push(peer)
  }
  return [...found.values()]
}

/** Returns the session with the peer at a place; undefined if FRR has none. */
export function sessionAt(
  sessions: readonly Session[],
  { at, vrf }: { readonly at: string; readonly vrf: string },
): Session | undefined {
  return sessions.find((each) => each.peer === at && each.vrf === vrf)
}
