import { createSocket, type Socket, type SocketOptions } from 'node:dgram'
import { type Address, familyOf, type IpFamily } from '../model/address.ts'

interface BeatPortOptions {
  readonly port: number
  readonly received: (bytes: Uint8Array, from: string) => void
  /** Gets why an address cannot be listened on, and undefined when all are again. */
  readonly trouble: (reason: string | undefined) => void
}

/** A port that could not be opened is tried again after so many milliseconds. */
const AGAIN_MS = 1_000

/**
 * Peers are addresses and need no lookup. Node's own would send a beat after everything else that a
 * turn does, and in a handover two nodes would answer for so much longer.
 */
const asIs: SocketOptions['lookup'] = (address, family, done) => done(null, address, Number(family))

/**
 * The UDP port of the members, on the InternalIPs of this Node and on no other address. Beats may get
 * lost, so nothing waits for them and no failure of one is reported.
 */
export class BeatPort {
  readonly #options: BeatPortOptions
  readonly #open: Map<Address, Socket> = new Map()
  /** Sockets that are not bound yet. */
  readonly #opening: Map<Address, Socket> = new Map()
  readonly #failures: Map<Address, string> = new Map()
  #wanted: ReadonlySet<Address> = new Set()
  #again: NodeJS.Timeout | undefined

  constructor(options: BeatPortOptions) {
    this.#options = options
  }

  /** Listens on these addresses and on no others. */
  listenOn(addresses: readonly Address[]): void {
    this.#wanted = new Set(addresses)
    for (const [address, socket] of this.#open) {
      if (this.#wanted.has(address)) continue
      this.#open.delete(address)
      socket.close()
    }
    for (const address of this.#failures.keys()) {
      if (!this.#wanted.has(address)) this.#failed(address, undefined)
    }
    for (const address of this.#wanted) this.#listen(address)
  }

  /** Sends a datagram to the first of the addresses whose family this Node has. */
  send(bytes: Uint8Array, to: readonly Address[]): void {
    for (const address of to) {
      const socket = this.#socketOf(familyOf(address))
      if (socket === undefined) continue
      socket.send(bytes, this.#options.port, address, () => undefined)
      return
    }
  }

  close(): void {
    this.#wanted = new Set()
    clearTimeout(this.#again)
    for (const socket of this.#open.values()) socket.close()
    this.#open.clear()
  }

  #socketOf(family: IpFamily): Socket | undefined {
    for (const [address, socket] of this.#open) if (familyOf(address) === family) return socket
    return undefined
  }

  #listen(address: Address): void {
    if (this.#open.has(address) || this.#opening.has(address)) return
    const isIpv4 = familyOf(address) === 'ipv4'
    const socket = createSocket({ type: isIpv4 ? 'udp4' : 'udp6', ipv6Only: !isIpv4, lookup: asIs })
    this.#opening.set(address, socket)
    socket.on('message', (bytes, { address: from }) => this.#options.received(bytes, from))
    socket.on('error', (error) => {
      socket.close()
      for (const sockets of [this.#open, this.#opening]) {
        if (sockets.get(address) === socket) sockets.delete(address)
      }
      if (this.#wanted.has(address)) this.#failed(address, error.message)
    })
    socket.bind({ port: this.#options.port, address, exclusive: true }, () => {
      this.#opening.delete(address)
      if (this.#wanted.has(address)) {
        this.#open.set(address, socket)
        this.#failed(address, undefined)
      } else socket.close()
    })
  }

  #failed(address: Address, reason: string | undefined): void {
    const former = this.#failures.get(address)
    if (reason === undefined) this.#failures.delete(address)
    else this.#failures.set(address, reason)
    if (former !== reason) {
      const reasons = [...this.#failures.values()].join('; ')
      this.#options.trouble(reasons === '' ? undefined : reasons)
    }
    if (this.#failures.size === 0 || this.#again !== undefined) return
    this.#again = setTimeout(() => {
      this.#again = undefined
      for (const each of this.#wanted) this.#listen(each)
    }, AGAIN_MS)
  }
}
