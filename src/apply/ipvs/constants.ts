import type { Protocol } from '../../model/address.ts'
import type { ForwardingMethod } from '../../ruleset/ipvs/types.ts'

/** Names and numbers of <linux/ip_vs.h>, as far as used. */

export const IPVS_FAMILY = 'IPVS'

export const COMMAND = {
  newService: 1,
  setService: 2,
  deleteService: 3,
  getService: 4,
  newDestination: 5,
  setDestination: 6,
  deleteDestination: 7,
  getDestination: 8,
  setConfig: 12,
  getConfig: 13,
} as const

export const ATTRIBUTE = {
  service: 1,
  destination: 2,
  timeoutTcp: 4,
  timeoutTcpFin: 5,
  timeoutUdp: 6,
} as const

/** Addresses take 16 bytes in either family; ports are in network order, the rest in host order. */
export const SERVICE = {
  family: 1,
  protocol: 2,
  address: 3,
  port: 4,
  firewallMark: 5,
  scheduler: 6,
  flags: 7,
  timeout: 8,
  /** For IPv4 a mask in network order, for IPv6 a prefix length. */
  netmask: 9,
  /** Counts in 32 bits, and since Linux 4.1 in 64. */
  statistics: 10,
  statistics64: 12,
} as const

/** IPVS_STATS_ATTR_CONNS: how many connections were begun. */
export const STATISTICS = { connections: 1 } as const

export const DESTINATION = {
  address: 1,
  port: 2,
  method: 3,
  weight: 4,
  upperThreshold: 5,
  lowerThreshold: 6,
  activeConnections: 7,
  inactiveConnections: 8,
  persistentConnections: 9,
  family: 11,
} as const

export const SERVICE_FLAG = { persistent: 0x1, hashed: 0x2 } as const

/** Methods by their number in the low three bits of the connection flags. */
export const METHODS: readonly ForwardingMethod[] = ['masq', 'local', 'tunnel', 'route', 'bypass']
export const METHOD_MASK = 0x7

export const ADDRESS_FAMILY = { ipv4: 2, ipv6: 10 } as const

export const PROTOCOL_NUMBERS: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17, sctp: 132 }
