import { type RecordedServers, recordedServers } from '../../plan/ipvs/ownership.ts'
import { byKind, type IpvsChange } from '../../ruleset/ipvs/changes.ts'
import { type KernelIpvs, type ServerKey, serverKey } from '../../ruleset/ipvs/types.ts'
import type { KernelRuleset } from '../../ruleset/nftables/types.ts'

/** Tells which virtual servers nodelb made and which other programs made. */
export class OwnServers {
  /** Virtual servers that other programs made. */
  readonly #foreign: Set<ServerKey> = new Set()
  /** Virtual servers that this session has programmed, whatever becomes of the tables. */
  #own: Set<ServerKey> = new Set()
  /** Those of `#own` that are not committed yet. */
  readonly #coming: Set<ServerKey> = new Set()

  /** Forgets servers of other programs that are gone. */
  found({ servers }: KernelIpvs): void {
    for (const key of this.#foreign) if (!servers.has(key)) this.#foreign.delete(key)
  }

  /**
   * Returns the servers that the tables name, and those known from before others deleted the
   * tables; undefined where nothing is known.
   */
  recorded(tables: KernelRuleset): RecordedServers {
    const named = recordedServers(tables)
    const known = [...this.#own].filter((key) => !this.#coming.has(key))
    if (named === undefined && known.length === 0) return undefined
    return new Set([...(named ?? []), ...known].filter((key) => !this.#foreign.has(key)))
  }

  /** Notes a server that another program made. */
  belongsToOther(key: ServerKey): void {
    this.#foreign.add(key)
    this.#own.delete(key)
  }

  /** Notes that these are all servers that nodelb is about to have. */
  rendered(keys: Iterable<ServerKey>): void {
    this.#own = new Set(keys)
  }

  /**
   * Notes what the next commit changes. Returns why everything has to be compared first; undefined
   * where it does not.
   */
  follows(changes: readonly IpvsChange[]): string | undefined {
    let doubt: string | undefined
    for (const { server, after } of byKind(changes).servers) {
      const key = serverKey(server)
      if (after === undefined) this.#own.delete(key)
      else if (this.#foreign.has(key)) doubt = 'a server that another program made is in the way'
      else if (!this.#own.has(key)) {
        this.#own.add(key)
        this.#coming.add(key)
      }
    }
    return doubt
  }

  /** Notes that what was coming is committed. */
  committed(): void {
    this.#coming.clear()
  }
}
