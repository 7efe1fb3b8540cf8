import type { WatchedSession } from '../../apply/bgp/sessions.ts'
import { neighbourLine } from '../../ruleset/bgp/lines.ts'
import { kindOf, type Tree, withLines } from '../../ruleset/bgp/tree.ts'

/**
 * The neighbours that have had a session. Before its first one FRR does not know from which of its
 * addresses it speaks to a neighbour: it begins BFD from any, and anew from the right one when the session
 * has come about, which ends the session and all that a graceful restart has kept
 * (bgp_peer_bfd_update_source in FRR's bgpd/bgp_bfd.c). So BFD is left out until then.
 */
export class Acquaintances {
  readonly #met = new Set<string>()

  /** Nothing is known of an FRR that was not asked yet. */
  forget(): void {
    this.#met.clear()
  }

  /** Takes how the sessions are; returns whether one has come about with a neighbour that had none. */
  see(sessions: readonly Pick<WatchedSession, 'vrf' | 'peer' | 'state'>[]): boolean {
    const before = this.#met.size
    for (const { vrf, peer, state } of sessions) {
      if (state === 'Established') this.#met.add(keyOf(vrf, peer))
    }
    return this.#met.size > before
  }

  /** Whether BFD is wanted with a neighbour that has had no session. */
  areMissing(tree: Tree): boolean {
    return [...tree].some(([context, lines]) =>
      [...lines].some((line) => this.#isTooEarly(context, line)),
    )
  }

  /** Returns what is wanted now: without BFD where it is too early for it. */
  without(tree: Tree): Tree {
    return withLines(tree, (context, lines) =>
      [...lines].filter((line) => !this.#isTooEarly(context, line)),
    )
  }

  #isTooEarly(context: string, line: string): boolean {
    if (kindOf(context) !== 'router') return false
    const about = neighbourLine(line)
    if (about?.option !== 'bfd' && about?.option !== 'bfd profile') return false
    const [, vrf = ''] = / vrf (\S+)$/.exec(context) ?? []
    return !this.#met.has(keyOf(vrf, about.neighbour))
  }
}

function keyOf(vrf: string, neighbour: string): string {
  return `${vrf} ${neighbour}`
}
