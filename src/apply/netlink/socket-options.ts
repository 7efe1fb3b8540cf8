// npm netlink opens the socket but hides its descriptor and knows only SO_SNDBUF and SO_RCVBUF.
// The descriptor is found through /proc by the socket's port, and set through libc.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import koffi from 'koffi'
import {
  MSG_DONTWAIT,
  MSG_PEEK,
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_NO_ENOBUFS,
  SK_MEMINFO_DROPS,
  SK_MEMINFO_VARS,
  SO_ATTACH_FILTER,
  SO_MEMINFO,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOL_NETLINK,
  SOL_SOCKET,
} from './constants.ts'
import { filterProgram, type Instruction, type MessageFilter } from './message-filter.ts'
import { errnoName } from './netlink-error.ts'

/** Identifies a netlink socket of this thread's network namespace. */
export interface SocketAddress {
  readonly protocol: number
  readonly port: number
}

type Descriptor =
  | { readonly kind: 'found'; readonly fd: number }
  | { readonly kind: 'missing'; readonly reason: string }

export type OptionResult =
  | { readonly kind: 'set' }
  | { readonly kind: 'refused'; readonly option: string; readonly errno: string }

type BufferSide = 'send' | 'receive'

const INT_SIZE = 4
/** The largest size that does not overflow an int: the kernel doubles what it is given. */
const BUFFER_CEILING = 0x3fffffff

/**
 * The options of each side: `plain` is read and is capped by the sysctl; only root may use
 * `forced`.
 */
const BUFFER_OPTIONS: Readonly<Record<BufferSide, { plain: number; forced: number }>> = {
  send: { plain: SO_SNDBUF, forced: SO_SNDBUFFORCE },
  receive: { plain: SO_RCVBUF, forced: SO_RCVBUFFORCE },
}

/**
 * The options in the order in which they are set; without the first one an overrun aborts the whole
 * process.
 */
const ROBUST_OPTIONS: readonly (readonly [string, number])[] = [
  ['NETLINK_NO_ENOBUFS', NETLINK_NO_ENOBUFS],
  ['NETLINK_CAP_ACK', NETLINK_CAP_ACK],
  ['NETLINK_EXT_ACK', NETLINK_EXT_ACK],
]

/** A libc function for an option of a socket; it returns 0, or -1 and sets errno. */
type OptionCall<Value, Size> = (
  ...call: [fd: number, level: number, name: number, value: Value, size: Size]
) => number

/** struct sock_fprog of linux/filter.h. */
interface SockFprog {
  readonly len: number
  readonly filter: readonly Instruction[]
}

interface Libc {
  readonly setsockopt: OptionCall<number[], number>
  readonly attachFilter: OptionCall<SockFprog, number>
  readonly programSize: number
  readonly getsockopt: OptionCall<number[], number[]>
  readonly recv: (fd: number, bytes: Buffer, length: number, flags: number) => number
}

let loaded: Libc | undefined

/** Node.js is linked with libc, so its own symbols suffice; they are loaded when a socket opens. */
function libc(): Libc {
  if (loaded) return loaded
  const self = koffi.load(null)
  const instruction = koffi.struct({ code: 'uint16', jt: 'uint8', jf: 'uint8', k: 'uint32' })
  const program = koffi.struct({ len: 'uint16', filter: koffi.pointer(instruction) })
  const parameters = ['int', 'int', 'int', koffi.pointer(program), 'unsigned int']
  loaded = {
    setsockopt: self.func('int setsockopt(int, int, int, const int *, unsigned int)'),
    attachFilter: self.func('setsockopt', 'int', parameters),
    programSize: koffi.sizeof(program),
    getsockopt: self.func('int getsockopt(int, int, int, _Out_ int *, _Inout_ unsigned int *)'),
    recv: self.func('long recv(int, _Out_ void *, size_t, int)'),
  }
  return loaded
}

/** Finds the descriptor of a socket; `missing` says why where /proc does not show it. */
export function findDescriptor(address: SocketAddress): Descriptor {
  try {
    const inode = socketRow(address)?.inode
    if (inode === undefined)
      return { kind: 'missing', reason: `no socket with port ${address.port}` }
    for (const fd of readdirSync('/proc/self/fd'))
      if (linkTarget(fd) === `socket:[${inode}]`) return { kind: 'found', fd: Number(fd) }
    return { kind: 'missing', reason: `no descriptor for inode ${inode}` }
  } catch (error) {
    return { kind: 'missing', reason: String(error) }
  }
}

/**
 * Returns how many messages the kernel could not queue, which NETLINK_NO_ENOBUFS makes silent;
 * undefined where it does not tell. SO_MEMINFO (Linux 4.12) costs a fraction of what the kernel takes
 * to write the table in /proc, which lists every netlink socket.
 */
export function readDrops(fd: number, address: SocketAddress): number | undefined {
  const values = new Array<number>(SK_MEMINFO_VARS).fill(0)
  const size = [values.length * INT_SIZE]
  const asked = libc().getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, size)
  if (asked === 0 && size[0] === values.length * INT_SIZE) return values[SK_MEMINFO_DROPS]
  try {
    return socketRow(address)?.drops
  } catch {
    return undefined
  }
}

/** More than an acknowledgement has (struct nlmsgerr of linux/netlink.h). */
const BEGINNING = 64

/** Returns the first bytes of what waits to be received, and leaves it there; undefined if nothing does. */
export function peekAt(fd: number): Buffer | undefined {
  const bytes = Buffer.alloc(BEGINNING)
  const length = libc().recv(fd, bytes, bytes.length, MSG_PEEK | MSG_DONTWAIT)
  return length > 0 ? bytes.subarray(0, length) : undefined
}

/** Makes the socket survive overruns, and makes its errors short and informative. */
export function hardenSocket(fd: number): OptionResult {
  for (const [option, name] of ROBUST_OPTIONS) {
    const errno = setOption(fd, SOL_NETLINK, name, 1)
    if (errno !== 0) return { kind: 'refused', option, errno: errnoName(errno) }
  }
  return { kind: 'set' }
}

/** Makes the kernel drop what the filter selects from now on; what is already queued stays. */
export function attachFilter(fd: number, filter: MessageFilter): OptionResult {
  const { attachFilter: attach, programSize } = libc()
  const instructions = filterProgram(filter)
  const program = { len: instructions.length, filter: instructions }
  if (attach(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, programSize) === 0) return { kind: 'set' }
  return { kind: 'refused', option: 'SO_ATTACH_FILTER', errno: errnoName(koffi.errno()) }
}

/**
 * Asks for a size beyond the sysctl limit, then within it; returns the bytes that the kernel now
 * grants.
 */
export function forceBuffer(fd: number, side: BufferSide, bytes: number): number {
  const { plain, forced } = BUFFER_OPTIONS[side]
  const wanted = Math.min(Math.ceil(bytes), BUFFER_CEILING)
  if (setOption(fd, SOL_SOCKET, forced, wanted) !== 0) setOption(fd, SOL_SOCKET, plain, wanted)
  return readBuffer(fd, side)
}

function readBuffer(fd: number, side: BufferSide): number {
  const value = [0]
  libc().getsockopt(fd, SOL_SOCKET, BUFFER_OPTIONS[side].plain, value, [INT_SIZE])
  return value[0] ?? 0
}

/** Returns 0 or the error number. */
function setOption(fd: number, level: number, name: number, value: number): number {
  return libc().setsockopt(fd, level, name, [value], INT_SIZE) === 0 ? 0 : koffi.errno()
}

/**
 * Finds the socket's row in /proc/thread-self/net/netlink; undefined where it has none. The columns
 * are sk, Eth (protocol), Pid (port), Groups, Rmem, Wmem, Dump, Locks, Drops, Inode. Throws if the
 * file cannot be read.
 */
export function socketRow(address: SocketAddress): { inode: number; drops: number } | undefined {
  // A worker thread can live in another network namespace than the process.
  const table = readFileSync('/proc/thread-self/net/netlink', 'utf8')
  for (const line of table.split('\n')) {
    const [, protocol, port, , , , , , drops, inode] = line.trim().split(/\s+/)
    if (Number(protocol) === address.protocol && Number(port) === address.port)
      return { inode: Number(inode), drops: Number(drops) }
  }
  return undefined
}

/**
 * Returns the empty string where the descriptor is gone: descriptors come and go during the
 * reading.
 */
function linkTarget(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}
