import type { IptablesRuleset } from '../../ruleset/iptables/types.ts'
import type { IptablesCommit } from './commit.ts'
import { watchLegacy } from './legacy-watch.ts'
import { watchNft } from './nft-watch.ts'
import type { Flavour } from './programs.ts'

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

/** Starts no process, and tells within seconds. Rejects with NetlinkError. */
export async function watchIptables(
  flavour: Flavour,
  onForeign: (change: ForeignChange) => void,
): Promise<IptablesWatch> {
  let closed = false
  // In a turn of its own, so that whoever awaits a commit learns of its outcome first.
  const tell = (change: ForeignChange): void => {
    setImmediate(() => {
      if (!closed) onForeign(change)
    })
  }
  const watch = flavour === 'nft' ? await watchNft(tell) : watchLegacy(tell)
  return {
    around: (held, commit) => watch.around(held, commit),
    close() {
      closed = true
      watch.close()
    },
  }
}
