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
  /** Those that wait, and since when. */
  #since: ReadonlyMap<string, number> = new Map()
  /** Those that were found to be stuck and have had no session since. */
  readonly #found = new Set<string>()

  forget(): void {
    this.#since = new Map()
    this.#found.clear()
  }

  /** Takes how the sessions are, by the monotonic clock; returns the neighbours that have waited for too long. */
  see(sessions: readonly SeenSession[], now: number): readonly string[] {
    for (const { vrf, peer, state } of sessions) {
      if (state === 'Established') this.#found.delete(keyOf(vrf, peer))
    }
    // A neighbour that is removed meanwhile waits no longer.
    const waiting = sessions.filter(isStuck).map(({ vrf, peer }) => keyOf(vrf, peer))
    const since = new Map(waiting.map((key) => [key, this.#since.get(key) ?? now]))
    const late = waiting.filter(
      (key) => now - (since.get(key) ?? now) >= (this.#found.has(key) ? AGAIN_MS : STUCK_MS),
    )
    for (const key of late) {
      since.delete(key)
      this.#found.add(key)
    }
    this.#since = since
    return late
  }
}

/** Whether FRR does not even try, and BFD is what it may wait for. */
function isStuck({ state, bfd }: SeenSession): boolean {
  return state === 'Idle' && bfd !== undefined && bfd.status !== 'up'
}
