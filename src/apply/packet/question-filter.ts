import type { Instruction } from '../netlink/message-filter.ts'
import { DROP, jump, LOAD_8, LOAD_16, LOAD_32, load, OUTGOING, PACKET_TYPE, PASS } from './bpf.ts'

/** PACKET_OTHERHOST of linux/if_packet.h. */
const OTHER_HOST = 3

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
  PASS,
  DROP,
]
