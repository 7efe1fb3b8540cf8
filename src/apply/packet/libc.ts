import koffi from 'koffi'
import { errnoName } from '../netlink/netlink-error.ts'

/** The system calls for packet sockets, which Node.js does not have. */

interface Libc {
  socket(family: number, type: number, protocol: number): number
  socketpair(family: number, type: number, protocol: number, pair: Buffer): number
  bind(fd: number, address: Buffer, size: number): number
  attachFilter(fd: number, level: number, name: number, program: object, size: number): number
  setOption(fd: number, level: number, name: number, value: Buffer, size: number): number
  getOption(fd: number, level: number, name: number, value: Buffer, size: Buffer): number
  send(fd: number, bytes: Uint8Array, size: number, flags: number): number
  recv(fd: number, buffer: Uint8Array, size: number, flags: number): number
  dup2(from: number, to: number): number
  close(fd: number): number
  readonly programSize: number
}

let loaded: Libc | undefined

/** Node.js is linked with libc, so its own symbols suffice; they are loaded at the first use. */
export function libc(): Libc {
  if (loaded) return loaded
  const self = koffi.load(null)
  const instruction = koffi.struct({ code: 'uint16', jt: 'uint8', jf: 'uint8', k: 'uint32' })
  const program = koffi.struct({ len: 'uint16', filter: koffi.pointer(instruction) })
  const filterParameters = ['int', 'int', 'int', koffi.pointer(program), 'unsigned int']
  loaded = {
    socket: self.func('int socket(int, int, int)'),
    socketpair: self.func('int socketpair(int, int, int, void *)'),
    bind: self.func('int bind(int, const void *, unsigned int)'),
    attachFilter: self.func('setsockopt', 'int', filterParameters),
    setOption: self.func('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'unsigned int']),
    getOption: self.func('getsockopt', 'int', ['int', 'int', 'int', 'void *', 'void *']),
    send: self.func('long send(int, const void *, size_t, int)'),
    recv: self.func('long recv(int, void *, size_t, int)'),
    dup2: self.func('int dup2(int, int)'),
    close: self.func('int close(int)'),
    programSize: koffi.sizeof(program),
  }
  return loaded
}

/** Thrown when the kernel refuses a packet socket, such as with EPERM without CAP_NET_RAW. */
export class PacketError extends Error {
  override readonly name: string = 'PacketError'
  readonly code: string

  constructor(code: string, call: string) {
    super(`packet socket, ${call}: ${code}`)
    this.code = code
  }
}

/** Returns the result of a call, or throws PacketError if it is negative. */
export function checked(call: string, result: number): number {
  if (result < 0) throw new PacketError(errnoName(koffi.errno()), call)
  return result
}
