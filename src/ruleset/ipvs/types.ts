import type { Address, Port, Protocol } from '../../model/address.ts'
import { frontendAddress } from '../../model/frontend-id.ts'
import type { IpvsTimeouts } from '../../model/ipvs.ts'
import { present } from '../../model/present.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import type { Ruleset } from '../nftables/types.ts'

/** `10.96.0.10 . tcp . 80`, like the VIPs of nftables (`vipKey`). */
export type ServerKey = Tuple

/** `10.244.1.10 . 8080`, like the endpoints of nftables. */
export type DestinationKey = Tuple

/** What names a virtual server in the kernel. */
export interface ServerId {
  readonly address: Address
  readonly protocol: Protocol
  readonly port: Port
}

/** The properties of a virtual server, without its destinations. */
export interface ServerProperties {
  /** One of `schedulers` (model/ipvs.ts), or any other name that the kernel reports. */
  readonly scheduler: string
  /** SCHEDULER_FLAG bits. */
  readonly schedulerFlags: number
  /** Seconds for which a client stays with its destination; undefined: no session affinity. */
  readonly persistence: number | undefined
}

/** One address, protocol and port that ipvs answers for. */
export interface VirtualServer extends ServerId, ServerProperties {
  readonly destinations: ReadonlyMap<DestinationKey, RealServer>
}

/** IP_VS_SVC_F_SCHED1 and 2 of <linux/ip_vs.h>; their meaning is the scheduler's (sh and mh). */
export const SCHEDULER_FLAG = {
  /** Chooses another destination if the one that the hash names takes no connections. */
  fallback: 0x08,
  /** Includes the client's port in the hash. */
  port: 0x10,
} as const

/** How ipvs hands packets on. nodelb makes `masq` only; the others may be found in the kernel. */
export type ForwardingMethod = 'masq' | 'local' | 'tunnel' | 'route' | 'bypass'

export interface RealServer {
  readonly address: Address
  readonly port: Port
  /** 0 means no new connections. */
  readonly weight: number
  readonly method: ForwardingMethod
}

/** Virtual servers, and the addresses that make their packets come to this node. */
export interface IpvsContent {
  readonly servers: ReadonlyMap<ServerKey, VirtualServer>
  /** The addresses of the dummy interface, each as a prefix of one (/32, /128). */
  readonly addresses: ReadonlySet<Address>
}

/** What the ipvs backend wants on a node: ipvs, a dummy interface, and a flat table beside them. */
export interface IpvsRules extends IpvsContent {
  /** The name of the dummy interface. */
  readonly dummy: string
  readonly timeouts: IpvsTimeouts | undefined
  /** The table that does what ipvs cannot: masquerade, check source ranges, refuse and drop. */
  readonly filter: Ruleset
}

/**
 * What ipvs and the dummy interface hold, with what other programs made; the tables are read as for
 * nftables. Servers by firewall mark are left out, because nodelb never makes any.
 */
export interface KernelIpvs extends IpvsContent {
  /** True if the dummy interface exists. */
  readonly dummy: boolean
  /** In seconds; undefined if the kernel has no ipvs yet. */
  readonly timeouts: IpvsTimeouts | undefined
}

export const emptyKernelIpvs: KernelIpvs = {
  servers: new Map(),
  dummy: false,
  addresses: new Set(),
  timeouts: undefined,
}

/** Returns the key of a virtual server. */
export function serverKey({ address, protocol, port }: ServerId): ServerKey {
  return tuple(address, protocol, port)
}

/** Returns the key of a real server among those of one virtual server. */
export function destinationKey({
  address,
  port,
}: Pick<RealServer, 'address' | 'port'>): DestinationKey {
  return tuple(address, port)
}

/** Reads a key that `serverKey` wrote; throws a TypeError if it has no address. */
export function serverIdOf(key: ServerKey): ServerId {
  const { address, protocol, port } = frontendAddress(key)
  return { address: present(address), protocol, port }
}
