import {
  type Address,
  type Cidr,
  cidrContains,
  cidrRange,
  type Port,
  type Protocol,
} from '../model/address.ts'
import type { Tuple } from '../model/tuple.ts'

/** The first packet of a connection, as it meets this node. */
export interface Packet {
  readonly from: Address
  readonly to: Address
  readonly protocol: Protocol | 'icmp'
  /** Undefined for ICMP. */
  readonly port: Port | undefined
  readonly origin: Origin
}

type Origin =
  /** A process of the node itself. */
  | { readonly kind: 'node' }
  /** The name is undefined if it is not known. */
  | { readonly kind: 'interface'; readonly name: string | undefined }

/** What the path of a packet depends on, beside the rules. */
export interface NodeFacts {
  /** The node's own addresses; those of the loopback interface may be left out. */
  readonly addresses: ReadonlySet<string>
  /** Those that are in a VRF: nodelb's rules look up the routes outside of it. */
  readonly inVrf?: ReadonlySet<string>
  readonly routes: readonly Route[]
}

export interface Route {
  readonly to: Cidr
  readonly interface: string | undefined
  /** The address that `masquerade` takes on that interface. */
  readonly address: Address | undefined
}

/** The clients in each learned set: `client . address . protocol . port`. */
export type Clients = ReadonlyMap<string, ReadonlySet<Tuple>>

/** Returns whether the address is the node's own. */
export function isOwn(address: Address, facts: NodeFacts): boolean {
  return isLoopback(address) || facts.addresses.has(address)
}

/** Returns whether the kernel says that the address is local when the rules ask. */
export function isOfLocalType(address: Address, facts: NodeFacts): boolean {
  return isOwn(address, facts) && facts.inVrf?.has(address) !== true
}

/** Returns whether an address is of 127.0.0.0/8, or is ::1. */
export function isLoopback(address: Address): boolean {
  return address === '::1' || address.startsWith('127.')
}

/** Returns the most specific route; undefined if none is known. */
export function routeTo(address: Address, { routes }: NodeFacts): Route | undefined {
  let best: Route | undefined
  for (const route of routes) {
    if (!cidrContains(route.to, address)) continue
    if (best === undefined || size(route) < size(best)) best = route
  }
  return best
}

function size({ to }: Route): bigint {
  const { first, last } = cidrRange(to)
  return last - first
}

/** Returns where a packet from this address comes from: the way by which answers to it leave. */
export function originOf(address: Address, facts: NodeFacts): Origin {
  if (isOwn(address, facts)) return { kind: 'node' }
  return { kind: 'interface', name: routeTo(address, facts)?.interface }
}
