import { setImmediate as turn } from 'node:timers/promises'
import { NetlinkError } from '../apply/netlink/netlink-error.ts'
import { NetlinkSocket } from '../apply/netlink/socket.ts'
import { type AffinityFill, affinityFill } from '../apply/nftables/affinity-fill.ts'

/** A netlink socket that opens when it is first needed, and again after it broke. */
export class ReopeningSocket {
  #socket: NetlinkSocket | undefined

  /** Returns the socket, open; throws NetlinkError where the kernel has no netfilter netlink. */
  open(): NetlinkSocket {
    this.#socket ??= NetlinkSocket.open()
    return this.#socket
  }

  /**
   * Returns a socket on which the kernel answers. Rejects with NetlinkError, such as without
   * CAP_NET_ADMIN.
   */
  async working(): Promise<NetlinkSocket> {
    if (this.#socket !== undefined) {
      if ((await this.generation()) !== undefined) return this.#socket
      await this.close()
    }
    const socket = this.open()
    await socket.generation()
    return socket
  }

  /**
   * Returns the generation of the rule set; undefined where the kernel does not answer or the
   * socket is not open.
   */
  async generation(): Promise<number | undefined> {
    try {
      return await this.#socket?.generation()
    } catch (error) {
      if (error instanceof NetlinkError) return undefined
      throw error
    }
  }

  /**
   * Returns how full the memory of clients is; an empty list where the kernel does not answer or
   * the socket is not open.
   */
  async affinity(): Promise<readonly AffinityFill[]> {
    try {
      return this.#socket === undefined ? [] : await affinityFill(this.#socket)
    } catch (error) {
      if (error instanceof NetlinkError) return []
      throw error
    }
  }

  /** Resolves when the kernel has released the socket, and so the tables that it owned. */
  async close(): Promise<void> {
    this.#socket?.close()
    this.#socket = undefined
    // The socket takes one turn to close, and libuv two to close the descriptor.
    for (let turns = 0; turns < 3; turns++) await turn()
  }
}

/**
 * Asks the kernel something on a socket of its own. Returns undefined if the kernel refuses to
 * tell, which is reported when nodelb commits.
 */
export async function askOnce<Answer>(
  ask: (socket: NetlinkSocket) => Promise<Answer>,
): Promise<Answer | undefined> {
  const socket = new ReopeningSocket()
  try {
    return await ask(socket.open())
  } catch (error) {
    if (error instanceof NetlinkError) return undefined
    throw error
  } finally {
    await socket.close()
  }
}
