import type { Instruction } from '../netlink/message-filter.ts'

/** BPF_LD with BPF_W, BPF_H, BPF_B and BPF_ABS; BPF_JMP|BPF_JEQ|BPF_K; BPF_RET|BPF_K. */
const LOAD_32 = 0x20
const LOAD_16 = 0x28
const LOAD_8 = 0x30
const JUMP_IF_EQUAL = 0x15
const RETURN = 0x06
/** SKF_AD_OFF + SKF_AD_PKTTYPE, and the types PACKET_OTHERHOST and PACKET_OUTGOING. */
const PACKET_TYPE = 0xfffff004
const OTHER_HOST = 3
const OUTGOING = 4

/**
 * A filter that lets pass what asks for an address and is not for another host: ARP requests and
 * neighbour solicitations.
 */
export const QUESTIONS: readonly Instruction[] = [
  load(LOAD_32, PACKET_TYPE),
  jump(OTHER_HOST, { equal: 11 }),
  jump(OUTGOING, { equal: 10 }),
  load(LOAD_16, 12),
  jump(0x0806, { unequal: 2 }),
  load(LOAD_16, 20),
  jump(1, { equal: 5, unequal: 6 }),
  jump(0x86dd, { unequal: 5 }),
  load(LOAD_8, 20),
  jump(58, { unequal: 3 }),
  load(LOAD_8, 54),
  jump(135, { unequal: 1 }),
  { code: RETURN, jt: 0, jf: 0, k: 0xffffffff },
  { code: RETURN, jt: 0, jf: 0, k: 0 },
]

function load(code: number, k: number): Instruction {
  return { code, jt: 0, jf: 0, k }
}

/** Skips so many instructions if the loaded number is `k`, and so many if it is not. */
function jump(
  k: number,
  { equal = 0, unequal = 0 }: { equal?: number; unequal?: number },
): Instruction {
  return { code: JUMP_IF_EQUAL, jt: equal, jf: unequal, k }
}
