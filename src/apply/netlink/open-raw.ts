import { RawNetlinkSocket } from 'netlink/dist/raw.js'
import { NETLINK_NETFILTER } from './constants.ts'
import type { MessageFilter } from './message-filter.ts'
import { asNetlinkError, prepareSocket, type RawSocket } from './raw-socket.ts'

export interface RawOptions {
  /**
   * Multicast groups to join. Announcements can crowd out answers, so these need their own socket.
   */
  readonly groups?: readonly number[]
  /** Applies to what the groups announce. */
  readonly filter?: MessageFilter
  readonly protocol?: number
  /** Bytes of answers that the kernel may queue; it drops what exceeds them. */
  readonly receiveBuffer?: number
}

/**
 * Bytes for a datagram: the kernel fills dump datagrams up to this, however large the buffer is.
 */
export const LONG = 32768
/**
 * Bytes that suffice for all other datagrams: answers to single requests, errors, announcements
 * (NLMSG_GOODSIZE).
 */
export const SHORT = 8192
/** Bytes of the receive buffer by default. */
export const RECEIVE_BUFFER: number = 8 << 20

/**
 * Opens a socket that is safe to use (see prepareSocket); each datagram takes `datagram` bytes.
 * Throws NetlinkError.
 */
export function openRaw(options: RawOptions = {}, datagram: number = LONG): RawSocket {
  const { protocol = NETLINK_NETFILTER, receiveBuffer = RECEIVE_BUFFER } = options
  const { groups = [], filter } = options
  try {
    const native = new RawNetlinkSocket(protocol, {
      messagePeeking: false,
      msgBufferSize: datagram,
      recvBufferSize: LONG,
      sendBufferSize: LONG,
    })
    return prepareSocket(native, { protocol, receiveBuffer, groups, filter })
  } catch (error) {
    throw asNetlinkError(error)
  }
}
