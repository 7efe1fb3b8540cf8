import { Socket } from 'node:net'
import { HOST_LITTLE_ENDIAN } from '../netlink/attributes.ts'
import { SO_ATTACH_FILTER, SO_RCVBUFFORCE, SOL_SOCKET } from '../netlink/constants.ts'
import type { Instruction } from '../netlink/message-filter.ts'
import { checked, libc } from './libc.ts'

/** Constants of sys/socket.h and linux/if_ether.h. */
const AF_UNIX = 1
const AF_PACKET = 17
const SOCK_STREAM = 1
const SOCK_RAW = 3
const NONBLOCK_CLOEXEC = 0o2004000
const ETH_P_ALL = 3
const MSG_DONTWAIT = 0x40
/** struct sockaddr_ll of linux/if_packet.h. */
const ADDRESS_SIZE = 20
const SOL_PACKET = 263
const PACKET_STATISTICS = 6
/** struct tpacket_stats of linux/if_packet.h: frames that came, and frames for which there was no room. */
const STATISTICS_SIZE = 8
/**
 * Bytes for frames that wait; a frame takes about 800. A node that asks for a thousand addresses gets as many
 * answers before it reads one, and the default has room for fewer than 300.
 */
const ROOM = 4 << 20
/** Longer frames are cut; ARP and NDP are far shorter. */
const FRAME = 2048

interface PacketSocketOptions {
  /** The index of the interface. */
  readonly index: number
  readonly filter: readonly Instruction[]
  /** Takes each frame that the filter lets through; the bytes are its own. */
  readonly received: (frame: Uint8Array) => void
  /** Called once when the socket breaks, such as with ENETDOWN; not after `close`. */
  readonly broke: (code: string) => void
}

export interface PacketSocket {
  /** Sends a frame with its Ethernet header. Throws PacketError. */
  send(frame: Uint8Array): void
  /**
   * Takes all frames that have arrived. The event loop takes one in each of its rounds, so a decision
   * that depends on what has arrived asks for it first.
   */
  drain(): void
  /** Returns whether frames were lost since this was last asked, because too many had arrived. */
  hasMissed(): boolean
  /** Lets other frames through from now on. Throws PacketError. */
  filter(filter: readonly Instruction[]): void
  close(): void
}

/**
 * Opens a socket for the frames of one interface. Throws PacketError, such as EPERM without
 * CAP_NET_RAW.
 */
export function openPacketSocket(options: PacketSocketOptions): PacketSocket {
  const { stream, fd } = readable(openBound(options), options.received)
  let open = true
  stream.on('error', (error) => {
    const code = 'code' in error ? String(error.code) : 'EIO'
    if (open) options.broke(code)
    open = false
  })
  return {
    send(frame) {
      if (open) checked('send', libc().send(fd, frame, frame.length, 0))
    },
    drain() {
      const buffer = Buffer.alloc(FRAME)
      while (open) {
        // The event loop reports errors: it reads the same socket.
        const size = libc().recv(fd, buffer, buffer.length, MSG_DONTWAIT)
        if (size < 0) return
        options.received(Uint8Array.from(buffer.subarray(0, size)))
      }
    },
    hasMissed: () => open && lostFrames(fd) > 0,
    filter(filter) {
      if (open) attach(fd, filter)
    },
    close() {
      open = false
      stream.destroy()
    },
  }
}

/** The protocol is 0 until the socket is bound, so that nothing arrives unfiltered. */
function openBound({ index, filter }: PacketSocketOptions): number {
  const { socket, bind, close } = libc()
  const fd = checked('socket', socket(AF_PACKET, SOCK_RAW | NONBLOCK_CLOEXEC, 0))
  try {
    attach(fd, filter)
    makeRoom(fd)
    const address = Buffer.alloc(ADDRESS_SIZE)
    const view = new DataView(address.buffer, address.byteOffset)
    view.setUint16(0, AF_PACKET, HOST_LITTLE_ENDIAN)
    view.setUint16(2, ETH_P_ALL)
    view.setInt32(4, index, HOST_LITTLE_ENDIAN)
    checked('bind', bind(fd, address, address.length))
    return fd
  } catch (error) {
    close(fd)
    throw error
  }
}

/** Without CAP_NET_ADMIN the default has to do: what is lost is told. */
function makeRoom(fd: number): void {
  const value = Buffer.from(Int32Array.of(ROOM).buffer)
  libc().setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, value, value.length)
}

/** The kernel counts from 0 again each time. */
function lostFrames(fd: number): number {
  const statistics = Buffer.alloc(STATISTICS_SIZE)
  const size = Buffer.from(Int32Array.of(STATISTICS_SIZE).buffer)
  const { getOption } = libc()
  checked('statistics', getOption(fd, SOL_PACKET, PACKET_STATISTICS, statistics, size))
  return HOST_LITTLE_ENDIAN ? statistics.readUInt32LE(4) : statistics.readUInt32BE(4)
}

function attach(fd: number, filter: readonly Instruction[]): void {
  const { attachFilter, programSize } = libc()
  const program = { len: filter.length, filter }
  checked('filter', attachFilter(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, programSize))
}

/**
 * Has the event loop read the socket. libuv does not know packet sockets, so it gets one end of a
 * pair of Unix sockets, and the packet socket takes that end's place in the same turn: the loop has
 * not polled it yet, and polls and reads the packet socket, one frame for each call.
 */
function readable(
  packets: number,
  received: (frame: Uint8Array) => void,
): { readonly stream: Socket; readonly fd: number } {
  const { socketpair, dup2, close } = libc()
  const pair = Buffer.alloc(8)
  try {
    checked('socketpair', socketpair(AF_UNIX, SOCK_STREAM | NONBLOCK_CLOEXEC, 0, pair))
    const [fd, other] = [endOf(pair, 0), endOf(pair, 4)]
    const buffer = Buffer.alloc(FRAME)
    const callback = (size: number): boolean => {
      received(Uint8Array.from(buffer.subarray(0, size)))
      return true
    }
    // Node.js documents `onread` for connecting sockets, and takes it for all.
    const options = { fd, readable: true, writable: false, onread: { buffer, callback } }
    const stream = new Socket(options)
    checked('dup2', dup2(packets, fd))
    close(other)
    return { stream, fd }
  } finally {
    close(packets)
  }
}

function endOf(pair: Buffer, at: number): number {
  return HOST_LITTLE_ENDIAN ? pair.readInt32LE(at) : pair.readInt32BE(at)
}
