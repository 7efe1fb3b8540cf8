// A classic BPF program on a netlink socket, which makes the kernel drop messages before it queues
// them.

import { HOST_LITTLE_ENDIAN } from './attributes.ts'

/**
 * Which messages a socket that joined groups does not receive: those of one other port, but for one
 * type.
 */
export interface MessageFilter {
  /** The nlmsg_pid whose messages are dropped. */
  readonly port: number
  /** The only nlmsg_type of that port that is not dropped. */
  readonly except: number
}

/** struct sock_filter of linux/filter.h. */
export interface Instruction {
  readonly code: number
  readonly jt: number
  readonly jf: number
  readonly k: number
}

/** BPF_LD|BPF_H|BPF_ABS, BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET|BPF_K. */
const LOAD_16 = 0x28
const LOAD_32 = 0x20
const JUMP_IF_EQUAL = 0x15
const RETURN = 0x06
/** The offsets of nlmsg_type and nlmsg_pid in nlmsghdr. */
const TYPE_AT = 4
const PORT_AT = 12
const WHOLE = 0xffffffff

/**
 * Returns the program. It judges a datagram by its first message: all messages of a commit have one
 * port.
 */
export function filterProgram({ port, except }: MessageFilter): readonly Instruction[] {
  return [
    { code: LOAD_16, jt: 0, jf: 0, k: TYPE_AT },
    { code: JUMP_IF_EQUAL, jt: 2, jf: 0, k: asLoaded(except, 2) },
    { code: LOAD_32, jt: 0, jf: 0, k: PORT_AT },
    { code: JUMP_IF_EQUAL, jt: 1, jf: 0, k: asLoaded(port, 4) },
    { code: RETURN, jt: 0, jf: 0, k: WHOLE },
    { code: RETURN, jt: 0, jf: 0, k: 0 },
  ]
}

/** BPF loads in network order a number that netlink writes in host order. */
function asLoaded(value: number, size: 2 | 4): number {
  if (!HOST_LITTLE_ENDIAN) return value
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes.readUIntBE(0, size)
}
