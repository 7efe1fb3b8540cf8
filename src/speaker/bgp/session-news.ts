import type { BgpSession } from '../../announce/bgp/decision.ts'
import { placeOf } from '../../announce/bgp/session-end.ts'
import type { WatchedSession } from '../../apply/bgp/sessions.ts'
import type { TellBgp } from './news.ts'
import { sessionAt } from './view.ts'

/** Tells when sessions come about and when they end. */
export class SessionNews {
  readonly #tell: TellBgp
  /** The names of the peers with a session, and how often it has come about. */
  #up: ReadonlyMap<string, number> = new Map()

  constructor(tell: TellBgp) {
    this.#tell = tell
  }

  /** Takes how FRR says that the sessions are; nothing where it cannot be asked. */
  found(peers: readonly BgpSession[], sessions: readonly WatchedSession[]): void {
    const up = new Map<string, number>()
    for (const { name, end, vrf } of peers) {
      const at = placeOf(end)
      const told = sessionAt(sessions, { at, vrf })
      const state = told?.state ?? 'unknown'
      const before = this.#up.get(name)
      // Between two looks a session may have ended and come about again.
      const now = state === 'Established' ? told?.established : undefined
      if (now === before) {
        if (now !== undefined) up.set(name, now)
        continue
      }
      if (before !== undefined) this.#tell({ event: 'bgp-session-down', peer: name, at, state })
      if (now === undefined) continue
      up.set(name, now)
      this.#tell({ event: 'bgp-session-up', peer: name, at })
    }
    this.#up = up
  }
}
