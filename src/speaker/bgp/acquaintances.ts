import { neighbourLine } from '../../ruleset/bgp/lines.ts'
import { kindOf, type Tree, withLines } from '../../ruleset/bgp/tree.ts'
import { keyOf, type SeenSession, StuckSessions } from './stuck.ts'

/** A neighbour may want BFD before it takes a session, as FRR 10.3 does; after so many milliseconds it gets that. */
const PATIENCE_MS = 2_000

/**
 * The neighbours that have had a session. Before its first one FRR does not know from which of its
 * addresses it speaks to a neighbour: it begins BFD from any, and anew from the right one when the session
 * has come about, which ends the session and all that a graceful restart has kept
 * (FRRouting/frr issue 17337). So BFD is left out until then, or for a while.
 */
export class Acquaintances {
  readonly #met = new Set<string>()
  /** Those without BFD, and since when, by the monotonic clock. */
  readonly #awaited = new Map<string, number>()
  readonly #stuck = new StuckSessions()
  /** Those that are shut down for a moment, as FRR begins nothing otherwise; true once that was asked for. */
  readonly #halted = new Map<string, boolean>()

  /** Nothing is known of an FRR that was not asked yet. */
  forget(): void {
    this.#met.clear()
    this.#awaited.clear()
    this.#stuck.forget()
    this.#halted.clear()
  }

  /** Takes how the sessions are; returns whether other lines than before are wanted for a neighbour. */
  see(sessions: readonly SeenSession[], now: number): boolean {
    const before = this.#met.size
    for (const { vrf, peer, state } of sessions) {
      if (state === 'Established') this.#met.add(keyOf(vrf, peer))
    }
    for (const [key, since] of this.#awaited) {
      if (now - since >= PATIENCE_MS) this.#met.add(key)
      if (this.#met.has(key)) this.#awaited.delete(key)
    }
    const isNew = this.#met.size > before
    const isReleased = this.#release()
    return this.#halt(sessions, now) || isReleased || isNew
  }

  /** Has those begin anew that wait for BFD in vain, and returns whether there are such. */
  #halt(sessions: readonly SeenSession[], now: number): boolean {
    const stuck = this.#stuck.see(sessions, now)
    for (const key of stuck) {
      this.#met.delete(key)
      this.#halted.set(key, false)
    }
    return stuck.length > 0
  }

  /** Has those begin again that were shut down, and returns whether there are such. */
  #release(): boolean {
    const told = [...this.#halted].filter(([, isTold]) => isTold)
    for (const [key] of told) this.#halted.delete(key)
    return told.length > 0
  }

  /** Whether BFD is wanted with a neighbour that it is too early for. */
  areMissing(tree: Tree): boolean {
    return [...tree].some(([context, lines]) =>
      [...lines].some((line) => this.#isTooEarly(watchedBy(context, line))),
    )
  }

  /**
   * Returns what is wanted now: without BFD where it is too early for it, with neighbours shut down that are
   * to begin again, else the same tree.
   */
  without(tree: Tree, now: number): Tree {
    if (!this.areMissing(tree)) return tree
    return withLines(tree, (context, lines) =>
      [...lines].flatMap((line) => {
        const key = watchedBy(context, line)
        if (!this.#isTooEarly(key)) return [line]
        this.#awaited.set(key, this.#awaited.get(key) ?? now)
        if (!this.#halted.has(key)) return []
        this.#halted.set(key, true)
        return [`neighbor ${neighbourLine(line)?.neighbour} shutdown`]
      }),
    )
  }

  #isTooEarly(key: string | undefined): key is string {
    return key !== undefined && !this.#met.has(key)
  }
}

/** Returns the neighbour with which a line has BFD. */
function watchedBy(context: string, line: string): string | undefined {
  if (kindOf(context) !== 'router') return undefined
  const about = neighbourLine(line)
  if (about?.option !== 'bfd' && about?.option !== 'bfd profile') return undefined
  const [, vrf = ''] = / vrf (\S+)$/.exec(context) ?? []
  return keyOf(vrf, about.neighbour)
}
