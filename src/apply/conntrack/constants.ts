import type { Protocol } from '../../model/address.ts'

/** Message types and attributes of <linux/netfilter/nfnetlink_conntrack.h>, as far as used. */

/** Message types; the high byte is nfnetlink's number of ctnetlink. */
export const MESSAGE = { getFlow: 0x0101, deleteFlow: 0x0102, getStatistics: 0x0105 } as const

/**
 * `filter` exists since Linux 5.8, `statusMask` and a choice by `status` since 5.15; older kernels
 * ignore them in a request to list flows.
 */
export const FLOW = {
  original: 1,
  reply: 2,
  status: 3,
  id: 12,
  zone: 18,
  filter: 25,
  statusMask: 26,
} as const

/** IPS_SEEN_REPLY of <linux/netfilter/nf_conntrack_common.h>: a packet has come back. */
export const SEEN_REPLY = 0x2

export const TUPLE = { addresses: 1, protocol: 2 } as const

export const ADDRESS = {
  ip: { source: 1, destination: 2 },
  ip6: { source: 3, destination: 4 },
} as const

export const PROTOCOL = { number: 1, sourcePort: 2, destinationPort: 3 } as const

export const FILTER = { originalFlags: 1 } as const

/**
 * CTA_FILTER_F_CTA_… of the kernel's net/netfilter/nf_internals.h: the parts of a tuple to compare.
 */
export const FILTER_FLAG = { protocol: 0x08, destinationPort: 0x20 } as const

export const PROTOCOL_NUMBERS: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17, sctp: 132 }
