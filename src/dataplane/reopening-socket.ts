import { setImmediate as turn } from 'node:timers/promises'
import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { NetlinkSocket } from '../apply/netlink/socket.ts'
import { type AffinityFill, affinityFill } from '../apply/nftables/affinity-fill.ts'

/** A netlink socket that is opened when it is first needed, and anew after it broke. */
export class SteadySocket {
  #socket: NetlinkSocket | undefined

  /** Throws NetlinkError where the kernel has no netfilter netlink. */
  open(): NetlinkSocket {
    this.#socket ??= NetlinkSocket.open()
    return this.#socket
  }

  /** One that the kernel answers. Rejects with NetlinkError, as without CAP_NET_ADMIN. */
  async working(): Promise<NetlinkSocket> {
    if (this.#socket !== undefined && (await this.generation()) === undefined) await this.close()
    const socket = this.open()
    await socket.generation()
    return socket
  }

  /** Of the rule set; undefined where the kernel does not say. */
  async generation(): Promise<number | undefined> {
    try {
      return await this.#socket?.generation()
    } catch (error) {
      if (error instanceof NetlinkError) return undefined
      throw error
    }
  }

  /** How full the memory of clients is; nothing where the kernel does not say. */
  async affinity(): Promise<readonly AffinityFill[]> {
    try {
      return this.#socket === undefined ? [] : await affinityFill(this.#socket)
    } catch (error) {
      if (error instanceof NetlinkError) return []
      throw error
    }
  }

  /** Resolves when the kernel has let go of the socket, and so of the tables that it owned. */
  async close(): Promise<void> {
    this.#socket?.close()
    this.#socket = undefined
    // One turn until it is closed, two for libuv to close the descriptor.
    for (let turns = 0; turns < 3; turns++) await turn()
  }
}
