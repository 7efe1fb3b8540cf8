import type { ForeignChange, IptablesWatch } from './foreign-change.ts'
import { watchLegacy } from './legacy-watch.ts'
import { watchNft } from './nft-watch.ts'
import type { Flavour } from './programs.ts'

/**
 * Reports changes of nodelb's chains by other programs within seconds, without starting a process.
 * Rejects with NetlinkError.
 */
export async function watchIptables(
  flavour: Flavour,
  onForeign: (change: ForeignChange) => void,
): Promise<IptablesWatch> {
  let closed = false
  // The report comes in its own turn, so that a caller that awaits a commit gets its outcome first.
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
