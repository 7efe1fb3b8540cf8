// A classic BPF program on a netlink socket: the kernel leaves out messages before it queues them.

import { HOST_LITTLE_ENDIAN } from './attributes.ts'

/** What a socket that joined groups is to hear of one other port's doings. */
export interface MessageFilter {
  /** nlmsg_pid: whose messages are left out. */
  readonly port: number
  /** The one nlmsg_type that is let through all the same. */
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
/** Where nlmsghdr has them. */
const TYPE_AT = 4
const PORT_AT = 12
const WHOLE = 0xffffffff

/** A datagram is judged by its first message: those of one commit have one port. */
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

/** BPF loads in network order what netlink writes in the machine's own. */
function asLoaded(value: number, size: 2 | 4): number {
  if (!HOST_LITTLE_ENDIAN) return value
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes.readUIntBE(0, size)
}
