import type { ForeignChange, IptablesWatch } from './foreign-change.ts'
import { watchLegacy } from './legacy-watch.ts'
import { watchNft } from './nft-watch.ts'
import type { Flavour } from './programs.ts'

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
