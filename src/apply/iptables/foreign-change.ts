import type { IptablesRuleset } from '../../ruleset/iptables/types.ts'
import type { IptablesCommit } from './commit.ts'

/**
 * A change, or possible change, by another program to nodelb's chains or jumps: read them again.
 */
export interface ForeignChange {
  /** Who changed them, if known, or how it was noticed; for the log. */
  readonly by: string
}

export interface IptablesWatch {
  /**
   * Runs a commit of nodelb. Every one must go through here, or it counts as another program's.
   * `held` is the state before its steps. Changes by others meanwhile are reported afterwards.
   */
  around(held: IptablesRuleset, commit: () => Promise<IptablesCommit>): Promise<IptablesCommit>
  close(): void
}
