// Reads what bgpd says of its sessions. This file is pure.

/** What one family of a session carries. */
interface SessionFamily {
  /** As FRR names it, such as `ipv4Unicast`. */
  readonly name: string
  /** The number of prefixes that the peer was sent. */
  readonly sent: number
}

/** A session with a peer, as bgpd shows it. */
export interface Session {
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
  /** How many UPDATE messages the peer was sent since bgpd started. */
  readonly updates: number
  readonly families: readonly SessionFamily[]
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
        const messages = field(field(field(details, vrf), peer), 'messageStats')
        const session = {
          ...sessionOf(vrf === 'default' ? '' : vrf, peer, told),
          updates: number(messages, 'updatesSent'),
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
): Omit<Session, 'families' | 'updates'> {
  return {
    vrf,
    peer,
    state: String(field(told, 'state') ?? ''),
    uptime: number(told, 'peerUptimeMsec'),
    established: number(told, 'connectionsEstablished'),
    dropped: number(told, 'connectionsDropped'),
  }
}

function parsed(text: string): unknown {
  try {
    // Without a router FRR 8.4 may write nothing.
    return JSON.parse(text.trim() === '' ? '{}' : text)
  } catch {
    return undefined
  }
}

function entries(value: unknown): readonly [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

function field(value: unknown, name: string): unknown {
  return entries(value).find(([key]) => key === name)?.[1]
}

function number(value: unknown, name: string): number {
  const found = field(value, name)
  return typeof found === 'number' ? found : 0
}
