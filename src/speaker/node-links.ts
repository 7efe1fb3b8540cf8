import type { NodeLink } from '../announce/links.ts'
import type { begin } from '../announce/transition.ts'
import { watchLinks } from '../apply/rtnetlink/link-table.ts'
import { readAnnouncingLinks } from '../apply/rtnetlink/node-links.ts'
import type { Inherited } from '../dataplane/announce/responder.ts'

interface LinksListener {
  /** The interfaces have to be read again. */
  readonly changed: () => void
  /** An interface had no carrier, even if only for a moment. */
  readonly lost: (name: string) => void
}

/** The interfaces of this node on which something may be announced. */
export class NodeLinks {
  readonly #listener: LinksListener
  #current: readonly NodeLink[] = []
  #hasNews = true

  constructor(listener: LinksListener) {
    this.#listener = listener
  }

  get current(): readonly NodeLink[] {
    return this.#current
  }

  /** Follows changes. Returns what stops that. Throws NetlinkError. */
  watch(): () => void {
    return watchLinks((link) => {
      if (link !== undefined && !(link.isUp && link.hasCarrier)) this.#listener.lost(link.name)
      this.changed()
    })
  }

  /** Notes that the interfaces have to be read again. */
  changed(): void {
    this.#hasNews = true
    this.#listener.changed()
  }

  /** Reads the interfaces if there is news; returns whether there was. Rejects with NetlinkError. */
  async read(excluded: readonly string[]): Promise<boolean> {
    if (!this.#hasNews) return false
    this.#hasNews = false
    this.#current = await readAnnouncingLinks(excluded)
    return true
  }
}

/** Returns what a responder answers for already, as an agent begins with it. */
export function foundIn({ left, addresses }: Inherited): Parameters<typeof begin>[1] {
  const spots = [...addresses].flatMap(([name, all]) =>
    [...all].map((address) => ({ address, interface: name })),
  )
  return { isAlive: left !== undefined, spots }
}
