import koffi from 'koffi'
import { NETLINK_NETFILTER } from './constants.ts'
import { errnoName, NetlinkError } from './netlink-error.ts'
import { RECEIVE_BUFFER, SHORT } from './open-raw.ts'
import { forceBuffer, hardenSocket } from './socket-options.ts'
import { sendFromThread } from './threaded-send.ts'

const AF_NETLINK = 16
const SOCK_RAW_CLOEXEC = 3 | 0x80000
const MSG_DONTWAIT = 0x40
/** struct sockaddr_nl of linux/netlink.h; a port of zeros is the kernel's. */
const KERNEL: Buffer = Buffer.from([
  ...new Uint8Array(new Uint16Array([AF_NETLINK]).buffer),
  ...Array(10).fill(0),
])

interface Libc {
  socket(family: number, type: number, protocol: number): number
  connect(fd: number, address: Buffer, size: number): number
  recv(fd: number, buffer: Buffer, size: number, flags: number): number
  close(fd: number): number
}

let loaded: Libc | undefined

/** Node.js is linked with libc, so its own symbols suffice; they are loaded at the first use. */
function libc(): Libc {
  if (loaded) return loaded
  const self = koffi.load(null)
  loaded = {
    socket: self.func('int socket(int, int, int)'),
    connect: self.func('int connect(int, const void *, unsigned int)'),
    recv: self.func('long recv(int, void *, size_t, int)'),
    close: self.func('int close(int)'),
  }
  return loaded
}

/**
 * A socket for hundreds of thousands of small answers. npm netlink takes a buffer, a callback and a turn of
 * the event loop for each datagram; this one reads what is there in a loop, into one buffer, and a thread
 * sends for it. Its peer is the kernel, so nobody else can send to it.
 */
export class AnswerSocket {
  readonly #fd: number
  readonly #buffer: Buffer = Buffer.allocUnsafeSlow(SHORT)

  /** Throws NetlinkError where the kernel has no such socket. */
  static open(): AnswerSocket {
    const socket = new AnswerSocket(
      checked(libc().socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_NETFILTER)),
    )
    try {
      checked(libc().connect(socket.#fd, KERNEL, KERNEL.length))
      const hardened = hardenSocket(socket.#fd)
      if (hardened.kind === 'refused') throw new NetlinkError(hardened.errno, hardened.option)
      forceBuffer(socket.#fd, 'receive', RECEIVE_BUFFER)
      return socket
    } catch (error) {
      socket.close()
      throw error
    }
  }

  private constructor(fd: number) {
    this.#fd = fd
  }

  /**
   * Resolves when the kernel has queued all answers, which it does before a send returns. Rejects with
   * NetlinkError. The socket has to stay open until then.
   */
  ask(frame: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      sendFromThread(this.#fd, frame, (code) => {
        if (code === undefined) resolve()
        else reject(new NetlinkError(code, 'netlink requests not sent'))
      })
    })
  }

  /** Hands over each datagram that is there; it is valid only during the call. Throws NetlinkError. */
  read(visit: (datagram: Buffer) => void): void {
    const { recv } = libc()
    for (;;) {
      const length = recv(this.#fd, this.#buffer, SHORT, MSG_DONTWAIT)
      if (length < 0) {
        const code = errnoName(koffi.errno())
        if (code === 'EAGAIN') return
        throw new NetlinkError(code, 'netlink answers')
      }
      visit(this.#buffer.subarray(0, length))
    }
  }

  close(): void {
    libc().close(this.#fd)
  }
}

/** Returns the result of a call, or throws NetlinkError if it is negative. */
function checked(result: number): number {
  if (result < 0) throw new NetlinkError(errnoName(koffi.errno()), 'netlink socket')
  return result
}
