import type { Announced } from '../announce/announced.ts'
import { encodeFrame, type Frame, type Heard, heardFrom, parseFrame } from '../announce/frames.ts'
import type { Station } from '../announce/station.ts'
import { claimFilter } from '../apply/packet/claim-filter.ts'
import { PacketError } from '../apply/packet/libc.ts'
import { openPacketSocket, type PacketSocket } from '../apply/packet/packet-socket.ts'
import type { Address } from '../model/address.ts'

/** What was heard, and on which interface. */
type HeardOn = Heard & { readonly interface: string }

interface Listener {
  readonly heard: (heard: HeardOn) => void
  /** More has arrived on an interface than there was room for: silence tells nothing. */
  readonly missed: (name: string) => void
  /** An interface cannot be listened to any more, such as because it went down. */
  readonly broke: (name: string) => void
}

interface OpenWire {
  readonly station: Station
  readonly socket: PacketSocket
  /** The addresses of the filter, as one text. */
  filtered: string
}

/** Listens on the LANs of this node to what others claim, and sends frames. */
export class Wires {
  readonly #listener: Listener
  readonly #open: Map<string, OpenWire> = new Map()

  constructor(listener: Listener) {
    this.#listener = listener
  }

  /**
   * Listens on these interfaces and on no others to what concerns these addresses. Where that fails,
   * nothing can be sent, either, and `send` says so.
   */
  listen(wanted: readonly Announced[]): void {
    const stations = new Map(wanted.map(({ station }) => [station.name, station]))
    for (const [name, { station, socket }] of this.#open) {
      if (stations.get(name)?.index === station.index) continue
      socket.close()
      this.#open.delete(name)
    }
    for (const { station, addresses } of wanted) {
      try {
        this.#listenOn(station, addresses)
      } catch (error) {
        if (!(error instanceof PacketError)) throw error
      }
    }
  }

  /** Takes everything that has arrived. */
  drain(): void {
    for (const [name, { socket }] of [...this.#open]) {
      socket.drain()
      if (socket.hasMissed()) this.#listener.missed(name)
    }
  }

  /** Sends frames on an interface; returns false if one of them was not sent. */
  send(name: string, frames: readonly Frame[]): boolean {
    const wire = this.#open.get(name)
    if (wire === undefined) return false
    try {
      for (const frame of frames) wire.socket.send(encodeFrame(frame))
      return true
    } catch (error) {
      if (error instanceof PacketError) return false
      throw error
    }
  }

  close(): void {
    for (const { socket } of this.#open.values()) socket.close()
    this.#open.clear()
  }

  #listenOn(station: Station, addresses: ReadonlySet<Address>): void {
    const text = [...addresses].sort().join(' ')
    const known = this.#open.get(station.name)
    if (known?.filtered === text) return
    const filter = claimFilter(addresses)
    if (known !== undefined) {
      known.socket.filter(filter)
      known.filtered = text
      return
    }
    const { index, name } = station
    const socket = openPacketSocket({
      index,
      filter,
      received: (frame) => this.#received(name, frame),
      broke: () => {
        this.#open.delete(name)
        this.#listener.broke(name)
      },
    })
    this.#open.set(name, { station, socket, filtered: text })
  }

  #received(name: string, bytes: Uint8Array): void {
    const frame = parseFrame(bytes)
    const heard = frame && heardFrom(frame)
    if (heard !== undefined) this.#listener.heard({ ...heard, interface: name })
  }
}
