import type { Settings } from '../model/node.ts'
import type { Dataplane } from './dataplane.ts'
import { NftablesDataplane } from './nftables-dataplane.ts'
import { cleanup } from './program.ts'
import { SteadySocket } from './steady-socket.ts'

/** What backends leave behind in a kernel. */
const PARTS = ['tables'] as const
type Part = (typeof PARTS)[number]

/** The backends, with what they share: one socket owns the nftables tables of whichever it is. */
export class Dataplanes {
  readonly #socket: SteadySocket = new SteadySocket()
  readonly #nftables: Dataplane = new NftablesDataplane(this.#socket)

  of(_settings: Settings): Dataplane {
    return this.#nftables
  }

  /** Removes what other backends than the one of these settings left; says what, a phrase each. */
  async removeOthers(settings: Settings): Promise<readonly string[]> {
    const used = partsOf(settings)
    return this.#remove(PARTS.filter((part) => !used.includes(part)))
  }

  /** Removes what any backend left, and nothing else; says what, a phrase each. */
  async removeAll(): Promise<readonly string[]> {
    return this.#remove(PARTS)
  }

  /** Of the nftables rule set; undefined where the kernel does not say. */
  generation(): Promise<number | undefined> {
    return this.#socket.generation()
  }

  /** Resolves when the kernel has let go of the tables that the socket owned. */
  close(): Promise<void> {
    return this.#socket.close()
  }

  async #remove(parts: readonly Part[]): Promise<readonly string[]> {
    const removed: string[] = []
    for (const part of parts) removed.push(...(await this.#removePart(part)))
    return removed
  }

  async #removePart(_part: Part): Promise<readonly string[]> {
    const tables = await cleanup(await this.#socket.working())
    return tables === 0 ? [] : [`${tables} table${tables === 1 ? '' : 's'}`]
  }
}

function partsOf(_settings: Settings): readonly Part[] {
  return ['tables']
}
