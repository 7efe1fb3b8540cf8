import type { NetlinkSocket } from '../../apply/netlink/socket.ts'
import { nameChains, readChains, unlessGone } from '../../apply/nftables/read.ts'
import type { ElementRenderer } from '../../exempt/element-renderer.ts'
import type { TableFamily } from '../../model/family.ts'
import { planDelta } from '../../plan/nftables/delta.ts'
import type { Plan } from '../../plan/nftables/operation.ts'
import type { Frame } from '../../render/nftables/table.ts'
import type { ElementStep, KernelChain } from '../../ruleset/nftables/types.ts'

const FAMILIES: readonly TableFamily[] = ['ip', 'ip6']

interface KnownTable {
  readonly frame: Frame
  /** The chains, with the handles that the kernel gave to the rules. */
  readonly chains: ReadonlyMap<string, KernelChain>
}

/** The kernel's tables without their elements, which is enough to plan a change. */
export class KnownTables {
  readonly #socket: NetlinkSocket
  readonly #renderer: ElementRenderer
  readonly #tables: Map<TableFamily, KnownTable> = new Map()

  constructor(socket: NetlinkSocket, renderer: ElementRenderer) {
    this.#socket = socket
    this.#renderer = renderer
  }

  /** Returns whether no table has to come or go. */
  areAllThere(): boolean {
    return FAMILIES.every(
      (family) => this.#tables.has(family) === (this.#renderer.frame(family) !== undefined),
    )
  }

  plan(changes: readonly ElementStep[]): Plan {
    return FAMILIES.flatMap((family) => {
      const known = this.#tables.get(family)
      const after = this.#renderer.frame(family)
      const elements = changes.filter((change) => change.family === family)
      const before = known && { chains: known.chains, sets: known.frame.sets }
      const reframed = before && after && known.frame !== after
      return planDelta(family, elements, reframed ? { before, after } : undefined)
    })
  }

  forget(): void {
    this.#tables.clear()
  }

  /**
   * Reads the rules of tables whose frame changed; returns false if there were none. Rejects with
   * NetlinkError.
   */
  async learn(): Promise<boolean> {
    let learned = false
    for (const family of FAMILIES) {
      const frame = this.#renderer.frame(family)
      if (frame === undefined || frame === this.#tables.get(family)?.frame) continue
      const chains = (await unlessGone(readChains(this.#socket, family))) ?? new Map()
      this.#tables.set(family, { frame, chains: nameChains(family, chains, frame.chains.values()) })
      learned = true
    }
    return learned
  }
}
