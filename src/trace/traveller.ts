import type { Address, Port } from '../model/address.ts'
import type { Clients, Packet } from './packet.ts'

/** The hooks of netfilter that a packet may pass. */
export type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting'

/** A packet on its way, and its connection, whatever the backend is. */
export interface Traveller {
  /** The packet as it arrived, which conntrack remembers. */
  readonly original: Packet
  readonly source: Address
  readonly destination: Address
  readonly port: Port | undefined
  /** The interface by which it came in: '' for what the node sends, undefined if unknown. */
  readonly input: string | undefined
  /** True if a rule led it to another destination. */
  readonly translated: boolean
  /** Set by masquerading; the address is undefined if no route says which. */
  readonly masqueraded: { readonly as: Address | undefined } | undefined
  /** The clients in each set or list that remembers them. */
  readonly clients: Clients
}

/** Returns a packet as it arrives, before any rule. */
export function arriving(packet: Packet, clients: Clients): Traveller {
  return {
    original: packet,
    source: packet.from,
    destination: packet.to,
    port: packet.port,
    input: packet.origin.kind === 'node' ? '' : packet.origin.name,
    translated: false,
    masqueraded: undefined,
    clients,
  }
}

/** Where a packet may go, by ways that end at `Path`s. */
export interface Ways<Path> {
  readonly packet: Packet
  /** All ways that it may go; their odds add up to 1. */
  readonly paths: readonly Path[]
  /** What could not be found out; if empty, the kernel does as the paths say. */
  readonly doubts: readonly string[]
}
