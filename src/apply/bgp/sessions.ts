// Reads what bgpd says of its sessions. This file is pure.

import type { BfdSession } from './bfd.ts'
import { entries, field, number, parsed } from './json.ts'

/** What one family of a session carries. */
interface SessionFamily {
  /** As FRR names it, such as `ipv4Unicast`. */
  readonly name: string
  /** The number of prefixes that the peer was sent. */
  readonly sent: number
}

/** A session with a peer, as bgpd shows it. */
interface Session {
  /** Empty for the VRF that is there without a name. */
  readonly vrf: string
  /** An address, or the name of an interface. */
  readonly peer: string
  /** FRR's word, such as `Established`, `Active` or `Idle (Admin)`. */
  readonly state: string
  /** Milliseconds in this state; 0 if there never was a session. */
  readonly uptime: number
  /** How often a session came about since bgpd started. */
  readonly established: number
  /** How often one ended. */
  readonly dropped: number
  /** The identifier of the node in this session; 0.0.0.0 if it has none, and then there is no session. */
  readonly routerId: string
  readonly messages: Messages
  readonly families: readonly SessionFamily[]
}

/** How many messages of each kind (RFC 4271, RFC 2918) went to and fro since bgpd started. */
export interface Messages {
  readonly opensSent: number
  readonly opensReceived: number
  readonly notificationsSent: number
  readonly updatesSent: number
  readonly updatesReceived: number
  readonly keepalivesSent: number
  readonly keepalivesReceived: number
  readonly routeRefreshSent: number
  readonly totalSent: number
  readonly totalReceived: number
}

/** A session with what bfdd says of it; undefined where it has no BFD. */
export interface WatchedSession extends Session {
  readonly bfd: BfdSession | undefined
}

/** The commands whose answers `readSessions` takes. */
export const SESSIONS_COMMANDS: readonly string[] = [
  'show bgp vrf all summary json',
  'show bgp vrf all neighbors json',
]

/**
 * Reads the answers to `SESSIONS_COMMANDS` (FRR 8.4 and 10). Returns undefined if they are not what
 * bgpd writes; without a router there are no sessions.
 */
export function readSessions(text: string, neighbours = ''): readonly Session[] | undefined {
  const [vrfs, details] = [parsed(text), parsed(neighbours)]
  if (vrfs === undefined || details === undefined) return undefined
  const sessions = new Map<string, Session>()
  for (const [vrf, summaries] of entries(vrfs)) {
    for (const [family, summary] of entries(summaries)) {
      for (const [peer, told] of entries(field(summary, 'peers'))) {
        const key = `${vrf} ${peer}`
        const session = {
          ...sessionOf(vrf === 'default' ? '' : vrf, peer, told),
          ...detailsOf(field(field(details, vrf), peer)),
        }
        const carried = { name: family, sent: number(told, 'pfxSnt') }
        const families = [...(sessions.get(key)?.families ?? []), carried]
        sessions.set(key, { ...session, families })
      }
    }
  }
  return [...sessions.values()]
}

function sessionOf(
  vrf: string,
  peer: string,
  told: unknown,
): Omit<Session, 'families' | keyof ReturnType<typeof detailsOf>> {
  return {
    vrf,
    peer,
    state: String(field(told, 'state') ?? ''),
    uptime: number(told, 'peerUptimeMsec'),
    established: number(told, 'connectionsEstablished'),
    dropped: number(told, 'connectionsDropped'),
  }
}

function detailsOf(told: unknown): Pick<Session, 'routerId' | 'messages'> {
  const stats = field(told, 'messageStats')
  return {
    routerId: String(field(told, 'localRouterId') ?? ''),
    messages: {
      opensSent: number(stats, 'opensSent'),
      opensReceived: number(stats, 'opensRecv'),
      notificationsSent: number(stats, 'notificationsSent'),
      updatesSent: number(stats, 'updatesSent'),
      updatesReceived: number(stats, 'updatesRecv'),
      keepalivesSent: number(stats, 'keepalivesSent'),
      keepalivesReceived: number(stats, 'keepalivesRecv'),
      routeRefreshSent: number(stats, 'routeRefreshSent'),
      totalSent: number(stats, 'totalSent'),
      totalReceived: number(stats, 'totalRecv'),
    },
  }
}

/** Adds what bfdd says. bgpd knows a peer by its address, or by the interface at which it is. */
export function withBfd(
  sessions: readonly Session[],
  watched: readonly BfdSession[],
): readonly WatchedSession[] {
  return sessions.map((session) => {
    const { vrf, peer } = session
    const bfd = watched.find(
      (each) => each.vrf === vrf && (each.peer === peer || each.interface === peer),
    )
    return { ...session, bfd }
  })
}
