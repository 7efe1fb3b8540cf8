import { RawNetlinkSocket } from 'netlink/dist/raw.js'
import { NETLINK_NETFILTER } from './constants.ts'
import type { MessageFilter } from './message-filter.ts'
import { asNetlinkError, prepareSocket, type RawSocket } from './raw-socket.ts'

export interface RawOptions {
  /** Multicast groups to join. Announcements can crowd out answers: use a socket of its own. */
  readonly groups?: readonly number[]
  /** Of what the groups announce. */
  readonly filter?: MessageFilter
  readonly protocol?: number
  /** Bytes of answers the kernel may queue; more are dropped. */
  readonly receiveBuffer?: number
}

/** Bytes for a datagram: the kernel fills those of a dump up to this, however large the buffer is. */
export const LONG = 32768
/** All others are shorter: answers to single requests, errors, announcements (NLMSG_GOODSIZE). */
export const SHORT = 8192
export const RECEIVE_BUFFER: number = 8 << 20

/** A socket that is safe to use, see prepareSocket; its datagrams take so much memory each. */
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
