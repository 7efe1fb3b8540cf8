import koffi from 'koffi'
import { HOST_LITTLE_ENDIAN } from './attributes.ts'
import { NETLINK_NETFILTER } from './constants.ts'
import { errnoName, NetlinkError } from './netlink-error.ts'
import { RECEIVE_BUFFER } from './open-raw.ts'
import { forceBuffer, hardenSocket } from './socket-options.ts'
import { sendFromThread } from './threaded-send.ts'

const AF_NETLINK = 16
const SOCK_RAW_CLOEXEC = 3 | 0x80000
const MSG_DONTWAIT = 0x40
/** struct sockaddr_nl of linux/netlink.h; the port 0 is the kernel. */
const KERNEL: Buffer = Buffer.alloc(12)
KERNEL[HOST_LITTLE_ENDIAN ? 0 : 1] = AF_NETLINK

type Received = (error: Error | null, count: number) => void

interface Libc {
  socket(family: number, type: number, protocol: number): number
  connect(fd: number, address: Buffer, size: number): number
  close(fd: number): number
  /** What koffi makes of a C function. */
  readonly recvmmsg: {
    async(...call: [number, Buffer, number, number, null, Received]): void
  }
  /** Bytes of a pointer. */
  readonly word: number
}

let loaded: Libc | undefined

/** Node.js is linked with libc, so its own symbols suffice; they are loaded at the first use. */
function libc(): Libc {
  if (loaded) return loaded
  const self = koffi.load(null)
  loaded = {
    socket: self.func('int socket(int, int, int)'),
    connect: self.func('int connect(int, const void *, unsigned int)'),
    close: self.func('int close(int)'),
    recvmmsg: self.func('int recvmmsg(int, void *, unsigned int, int, void *)'),
    word: koffi.sizeof('void *'),
  }
  return loaded
}

/** Datagrams that are received at once: twice as many as are expected. */
const MOST = 2048
/** Bytes of a datagram, which is one element of a set. What is longer loses its end. */
const TINY = 512

/**
 * A socket for hundreds of thousands of small answers. npm netlink takes a buffer, a callback and a turn of
 * the event loop for each datagram; here a thread sends, and receives all answers at once. The peer is the
 * kernel, so nobody else can send to this socket.
 */
export class AnswerSocket {
  readonly #fd: number
  readonly #answers: Buffer = Buffer.allocUnsafeSlow(MOST * TINY)
  readonly #messages: Messages

  /** Throws NetlinkError where the kernel has no such socket. */
  static open(): AnswerSocket {
    const fd = checked(libc().socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_NETFILTER))
    const socket = new AnswerSocket(fd)
    try {
      checked(libc().connect(fd, KERNEL, KERNEL.length))
      const hardened = hardenSocket(fd)
      if (hardened.kind === 'refused') throw new NetlinkError(hardened.errno, hardened.option)
      forceBuffer(fd, 'receive', RECEIVE_BUFFER)
      return socket
    } catch (error) {
      socket.close()
      throw error
    }
  }

  private constructor(fd: number) {
    this.#fd = fd
    this.#messages = new Messages(this.#answers)
  }

  /**
   * Resolves to the answers to a frame, each valid until the next one is asked. The kernel queues them
   * before a send returns. Rejects with NetlinkError. The socket has to stay open until then.
   */
  async ask(frame: Buffer): Promise<readonly Buffer[]> {
    await this.#send(frame)
    const count = await this.#receive()
    return Array.from({ length: count }, (_, at) =>
      this.#answers.subarray(at * TINY, at * TINY + this.#messages.length(at)),
    )
  }

  close(): void {
    libc().close(this.#fd)
  }

  #send(frame: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      sendFromThread(this.#fd, frame, (code) => {
        if (code === undefined) resolve()
        else reject(new NetlinkError(code, 'netlink requests not sent'))
      })
    })
  }

  #receive(): Promise<number> {
    const { bytes } = this.#messages
    return new Promise((resolve, reject) => {
      libc().recvmmsg.async(this.#fd, bytes, MOST, MSG_DONTWAIT, null, (error, count) => {
        if (error === null && count >= 0) resolve(count)
        else reject(new NetlinkError(errnoName(koffi.errno()), 'netlink answers'))
      })
    })
  }
}

/** Words of a struct mmsghdr and a struct iovec; those that are not named are 0. */
const MMSGHDR = { size: 8, parts: 2, partCount: 3, length: 7 } as const
const IOVEC = { size: 2, base: 0, length: 1 } as const

/** An array of struct mmsghdr, each for TINY bytes of a buffer, and of the struct iovec that they name. */
class Messages {
  readonly bytes: Buffer
  readonly #words: BigUint64Array | Uint32Array
  readonly #halves: Uint32Array

  constructor(target: Buffer) {
    const { word } = libc()
    const memory = new ArrayBuffer(MOST * (MMSGHDR.size + IOVEC.size) * word)
    this.bytes = Buffer.from(memory)
    this.#words = word === 8 ? new BigUint64Array(memory) : new Uint32Array(memory)
    this.#halves = new Uint32Array(memory)
    const [own, other] = [koffi.address(this.bytes), koffi.address(target)]
    for (let at = 0; at < MOST; at++) {
      const message = at * MMSGHDR.size
      const part = MOST * MMSGHDR.size + at * IOVEC.size
      this.#write(message + MMSGHDR.parts, own + BigInt(part * word))
      this.#write(message + MMSGHDR.partCount, 1n)
      this.#write(part + IOVEC.base, other + BigInt(at * TINY))
      this.#write(part + IOVEC.length, BigInt(TINY))
    }
  }

  /** Returns the bytes that the message at this place received: a 32-bit number, whatever a word is. */
  length(at: number): number {
    const index = at * MMSGHDR.size + MMSGHDR.length
    return this.#halves[(index * libc().word) / Uint32Array.BYTES_PER_ELEMENT] ?? 0
  }

  #write(index: number, value: bigint): void {
    const words = this.#words
    if (words instanceof BigUint64Array) words[index] = value
    else words[index] = Number(value)
  }
}

/** Returns the result of a call, or throws NetlinkError if it is negative. */
function checked(result: number): number {
  if (result < 0) throw new NetlinkError(errnoName(koffi.errno()), 'netlink socket')
  return result
}
