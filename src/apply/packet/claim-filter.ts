import { type Address, addressBytes, familyOf } from '../../model/address.ts'
import type { Instruction } from '../netlink/message-filter.ts'
import { DROP, jump, LOAD_8, LOAD_16, LOAD_32, load, OUTGOING, PACKET_TYPE, PASS } from './bpf.ts'

/** BPF_JMP|BPF_JA. */
const JUMP = 0x05

/** The kernel takes programs of 4,096 instructions (BPF_MAXINSNS); an address needs two. */
const MOST_ADDRESSES = 1_900

/**
 * Returns a filter that lets pass what others claim or probe: ARP and neighbour advertisements in which
 * they are the sender of one of the addresses, and probes for one (RFC 5227, RFC 4862). So the
 * questions and answers of a busy LAN do not wake the process. With too many addresses those of all
 * pass. Of IPv6 addresses the last four bytes are compared.
 */
export function claimFilter(addresses: Iterable<Address>): readonly Instruction[] {
  const keys = { ipv4: new Set<number>(), ipv6: new Set<number>() }
  for (const address of addresses) keys[familyOf(address)].add(lastFour(address))
  const hasRoom = keys.ipv4.size + keys.ipv6.size <= MOST_ADDRESSES
  const oneOf = (wanted: ReadonlySet<number>): readonly Instruction[] =>
    hasRoom ? [...[...wanted].flatMap(passIf), DROP] : [PASS]
  const arp = [load(LOAD_32, 28), ...unlessZero, load(LOAD_32, 38), ...oneOf(keys.ipv4)]
  return [
    load(LOAD_32, PACKET_TYPE),
    ...dropIf(OUTGOING),
    load(LOAD_16, 12),
    jump(0x0806, { equal: 1 }),
    { code: JUMP, jt: 0, jf: 0, k: arp.length },
    ...arp,
    ...must(0x86dd),
    load(LOAD_8, 20),
    ...must(58),
    load(LOAD_8, 54),
    // An advertisement needs no look at its source.
    jump(136, { equal: fromNobody.length }),
    ...fromNobody,
    load(LOAD_32, 74),
    ...oneOf(keys.ipv6),
  ]
}

function lastFour(address: Address): number {
  const bytes = addressBytes(address)
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4)
}

/** A sender that is 0.0.0.0 probes: then the target counts, which is loaded next. */
const unlessZero: readonly Instruction[] = [jump(0, { unequal: 1 })]

/** A solicitation that comes from `::`. */
const fromNobody: readonly Instruction[] = [
  ...must(135),
  ...[22, 26, 30, 34].flatMap((offset) => [load(LOAD_32, offset), ...must(0)]),
]

function passIf(k: number): readonly Instruction[] {
  return [jump(k, { unequal: 1 }), PASS]
}

function dropIf(k: number): readonly Instruction[] {
  return [jump(k, { unequal: 1 }), DROP]
}

function must(k: number): readonly Instruction[] {
  return [jump(k, { equal: 1 }), DROP]
}
