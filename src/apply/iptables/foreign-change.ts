import type { IptablesRuleset } from '../../ruleset/iptables/types.ts'
import type { IptablesCommit } from './commit.ts'

/** What somebody else has, or may have, done to nodelb's chains or jumps: read them again. */
export interface ForeignChange {
  /** For the log: who it was, as far as known, or by what it was noticed. */
  readonly by: string
}

export interface IptablesWatch {
  /**
   * Every commit of nodelb goes through here, or it is taken for one of somebody else. `held` is what
   * its steps start from. Changes of others meanwhile are told afterwards.
   */
  around(held: IptablesRuleset, commit: () => Promise<IptablesCommit>): Promise<IptablesCommit>
  close(): void
}
