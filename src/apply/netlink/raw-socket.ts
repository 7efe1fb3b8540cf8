import type { MessageFilter } from './message-filter.ts'
import { NetlinkError } from './netlink-error.ts'
import {
  attachFilter,
  findDescriptor,
  forceBuffer,
  hardenSocket,
  type OptionResult,
  peekAt,
  readDrops,
  type SocketAddress,
} from './socket-options.ts'
import { sendFromThread } from './threaded-send.ts'

/** One datagram from the kernel. */
export interface Arrival {
  readonly datagram: Buffer
  /** The datagram was longer than the receive buffer and lost its end. */
  readonly truncated: boolean
  /** The datagram was announced to a group; it does not answer a request. */
  readonly multicast: boolean
}

interface RawError {
  readonly code: string
}

type Handler = (datagram: Buffer, sender: { port: number; groups: number }) => void

/** The used part of npm netlink's RawNetlinkSocket. */
interface NativeSocket {
  on(event: 'message' | 'truncatedMessage', handler: Handler): unknown
  on(event: 'error', handler: (error: RawError) => void): unknown
  send(frame: Buffer, options: object, sent: (error?: RawError) => void): void
  address(): { port: number }
  addMembership(group: number): void
  close(): void
}

interface RawSettings {
  readonly protocol: number
  readonly receiveBuffer: number
  readonly groups: readonly number[]
  readonly filter: MessageFilter | undefined
}

/**
 * What NetlinkSocket needs from a bound socket. The callbacks run on the stack of native code that
 * cannot survive an exception, so they may only record the event and return.
 */
export interface RawSocket {
  listen(received: (arrival: Arrival) => void, failed: (error: RawError) => void): void
  send(frame: Buffer, sent: (error?: RawError) => void): void
  /**
   * Does the same from a thread, for what may take the kernel long: the event loop goes on
   * meanwhile.
   */
  sendFromThread(frame: Buffer, sent: (error?: RawError) => void): void
  /**
   * Returns the beginning of what will be received next, if something has come already; it is received all the same.
   */
  peek(): Buffer | undefined
  /** Asks for a buffer of this many bytes; returns the bytes that the kernel grants. */
  resize(side: 'send' | 'receive', bytes: number): number
  /** Returns how many messages were lost, or undefined where the kernel does not tell. */
  drops(): number | undefined
  /** Closes the socket; the descriptor stays open until everything under way is sent. */
  close(): void
}

/**
 * Sets the options that npm netlink cannot set, before the first message can arrive. Closes the
 * socket and throws NetlinkError if that fails.
 */
export function prepareSocket(native: NativeSocket, settings: RawSettings): RawSocket {
  try {
    const address = { protocol: settings.protocol, port: native.address().port }
    const fd = harden(address)
    forceBuffer(fd, 'receive', settings.receiveBuffer)
    if (settings.filter !== undefined) expectSet(attachFilter(fd, settings.filter))
    for (const group of settings.groups) native.addMembership(group)
    return adapt(native, fd, address)
  } catch (error) {
    native.close()
    throw error
  }
}

/**
 * Returns the error itself if it is a NetlinkError, else one with its code (EIO if it has none).
 */
export function asNetlinkError(error: unknown): NetlinkError {
  if (error instanceof NetlinkError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'EIO'
  return new NetlinkError(code, 'netlink socket', { explanation: String(error) })
}

function harden(address: SocketAddress): number {
  const descriptor = findDescriptor(address)
  if (descriptor.kind === 'missing')
    throw new NetlinkError('EBADF', 'netlink socket', { explanation: descriptor.reason })
  expectSet(hardenSocket(descriptor.fd))
  return descriptor.fd
}

function expectSet(result: OptionResult): void {
  if (result.kind === 'refused') throw new NetlinkError(result.errno, result.option)
}

function adapt(native: NativeSocket, fd: number, address: SocketAddress): RawSocket {
  let sending = 0
  let closing = false
  const closeWhenSent = (): void => {
    if (closing && sending === 0) native.close()
  }
  return {
    listen(received, failed) {
      // Other processes may send to this port; only port 0 is the kernel.
      native.on('message', (datagram, { port, groups }) => {
        if (port === 0) received({ datagram, truncated: false, multicast: groups !== 0 })
      })
      native.on('truncatedMessage', (datagram, { port, groups }) => {
        if (port === 0) received({ datagram, truncated: true, multicast: groups !== 0 })
      })
      native.on('error', failed)
    },
    send: (frame, sent) => native.send(frame, {}, sent),
    sendFromThread(frame, sent) {
      sending += 1
      sendFromThread(fd, frame, (code) => {
        sending -= 1
        closeWhenSent()
        sent(code === undefined ? undefined : { code })
      })
    },
    peek: () => peekAt(fd),
    resize: (side, bytes) => forceBuffer(fd, side, bytes),
    drops: () => readDrops(fd, address),
    close() {
      closing = true
      closeWhenSent()
    },
  }
}
