import type { WatchedSession } from '../../apply/bgp/sessions.ts'

/** So many milliseconds a session may wait for BFD before it is begun without. */
const STUCK_MS = 5_000
/** The same where that has brought no session: there may be another reason. */
const AGAIN_MS = 60_000

/** What is looked at of a session. */
export type SeenSession = Pick<WatchedSession, 'vrf' | 'peer' | 'state' | 'bfd'>

/** Returns what tells a neighbour from all others. */
export function keyOf(vrf: string, neighbour: string): string {
  return `${vrf} ${neighbour}`
}

/**
 * The neighbours with which FRR begins no session because BFD with them is down. FRR 10.2 and 10.3 do so
 * (FRRouting/frr pull request 18562 has mended it), and wait for ever for a neighbour that has no BFD, or that
 * begins it with the session.
 */
export class StuckSessions {
  readonly #since = new Map<string, number>()
  /** Those that were found to be stuck and have had no session since. */
  readonly #found = new Set<string>()

  forget(): void {
    this.#since.clear()
    this.#found.clear()
  }

  /** Takes how the sessions are, by the monotonic clock; returns the neighbours that have waited for too long. */
  see(sessions: readonly SeenSession[], now: number): readonly string[] {
    for (const session of sessions) {
      const key = keyOf(session.vrf, session.peer)
      if (session.state === 'Established') this.#found.delete(key)
      if (!isStuck(session)) this.#since.delete(key)
      else this.#since.set(key, this.#since.get(key) ?? now)
    }
    const late = [...this.#since].filter(
      ([key, since]) => now - since >= (this.#found.has(key) ? AGAIN_MS : STUCK_MS),
    )
    for (const [key] of late) {
      this.#since.delete(key)
      this.#found.add(key)
    }
    return late.map(([key]) => key)
  }
}

/** Whether FRR does not even try, and BFD is what it may wait for. */
function isStuck({ state, bfd }: SeenSession): boolean {
  return state === 'Idle' && bfd !== undefined && bfd.status !== 'up'
}
