import type { Announced } from '../announce/announced.ts'
import { announcingLinks, type NodeLink } from '../announce/links.ts'
import type { Spot } from '../announce/spot.ts'
import type { begin } from '../announce/transition.ts'
import { NetlinkSocket } from '../apply/netlink/socket.ts'
import { listLinkLocal } from '../apply/rtnetlink/addresses.ts'
import { NETLINK_ROUTE } from '../apply/rtnetlink/constants.ts'
import { listLinks, watchLinks } from '../apply/rtnetlink/link-table.ts'
import type { Inherited } from '../dataplane/announce/responder.ts'
import type { Address } from '../model/address.ts'

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
    const socket = NetlinkSocket.open({ protocol: NETLINK_ROUTE })
    try {
      const links = await listLinks(socket)
      const linkLocal = await listLinkLocal(socket)
      const all = links.map((link) => ({ ...link, hasLinkLocal: linkLocal.has(link.index) }))
      this.#current = announcingLinks(all, excluded)
      return true
    } finally {
      socket.close()
    }
  }
}

/** Returns the addresses of these spots on each interface, and none for an interface without a spot. */
export function spotsByLink(
  spots: Iterable<Spot>,
  links: readonly NodeLink[],
): readonly Announced[] {
  const found = new Map(
    links.map(({ name, index, mac }) => {
      return [name, { station: { name, index, mac }, addresses: new Set<Address>() }]
    }),
  )
  for (const { address, interface: name } of spots) found.get(name)?.addresses.add(address)
  return [...found.values()]
}

/** Returns what a responder answers for already, as an agent begins with it. */
export function foundIn({ left, addresses }: Inherited): Parameters<typeof begin>[1] {
  const spots = [...addresses].flatMap(([name, all]) =>
    [...all].map((address) => ({ address, interface: name })),
  )
  return { isAlive: left !== undefined, spots }
}
