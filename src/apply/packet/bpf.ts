import type { Instruction } from '../netlink/message-filter.ts'

/** BPF_LD with BPF_W, BPF_H, BPF_B and BPF_ABS. */
export const LOAD_32 = 0x20
export const LOAD_16 = 0x28
export const LOAD_8 = 0x30
/** BPF_JMP|BPF_JEQ|BPF_K and BPF_RET|BPF_K. */
const JUMP_IF_EQUAL = 0x15
const RETURN = 0x06
/** SKF_AD_OFF + SKF_AD_PKTTYPE, and the type PACKET_OUTGOING. */
export const PACKET_TYPE = 0xfffff004
export const OUTGOING = 4

export const PASS: Instruction = { code: RETURN, jt: 0, jf: 0, k: 0xffffffff }
export const DROP: Instruction = { code: RETURN, jt: 0, jf: 0, k: 0 }

/** Returns an instruction that loads what `code` says from offset `k`. */
export function load(code: number, k: number): Instruction {
  return { code, jt: 0, jf: 0, k }
}

/** Skips so many instructions if the loaded number is `k`, and so many if it is not. */
export function jump(
  k: number,
  { equal = 0, unequal = 0 }: { equal?: number; unequal?: number },
): Instruction {
  return { code: JUMP_IF_EQUAL, jt: equal, jf: unequal, k }
}
