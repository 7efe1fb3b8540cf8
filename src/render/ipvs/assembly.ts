import { type Address, familyOf } from '../../model/address.ts'
import {
  addressChange,
  changesNothing,
  type IpvsChange,
  type LabelledServer,
  serverChanges,
} from '../../ruleset/ipvs/changes.ts'
import type { IpvsContent, ServerKey } from '../../ruleset/ipvs/types.ts'
import { addWant, dropWant, noWants, takeTouched, type Wants } from '../wants.ts'

/** What one Service wants of ipvs and of the dummy interface. */
export interface IpvsFragment {
  readonly servers: ReadonlyMap<ServerKey, LabelledServer>
  readonly addresses: readonly Address[]
}

/** The servers and addresses of all fragments together, with a record of what changed. */
export interface IpvsAssembly {
  readonly servers: Wants<ServerKey, LabelledServer>
  /** Every port of an address wants it. */
  readonly addresses: Wants<Address, true>
}

/** What a fragment holds in the assembly. */
export interface IpvsHolding {
  readonly servers: readonly ServerKey[]
  readonly addresses: readonly Address[]
}

/** Returns an assembly without servers and addresses. */
export function emptyIpvsAssembly(): IpvsAssembly {
  return { servers: noWants(), addresses: noWants() }
}

/** Adds a fragment; returns what `removeIpvsFragment` needs. */
export function addIpvsFragment(
  assembly: IpvsAssembly,
  { servers, addresses }: IpvsFragment,
  recording: boolean,
): IpvsHolding {
  for (const [key, server] of servers) addWant(assembly.servers, key, server, recording)
  for (const address of addresses) addWant(assembly.addresses, address, true, recording)
  return { servers: [...servers.keys()], addresses }
}

/** Removes what `addIpvsFragment` added, except what other fragments want too. */
export function removeIpvsFragment(
  assembly: IpvsAssembly,
  { servers, addresses }: IpvsHolding,
  recording: boolean,
): void {
  for (const key of servers) dropWant(assembly.servers, key, recording)
  for (const address of addresses) dropWant(assembly.addresses, address, recording)
}

/** Returns what changed since the last call, without what changed back. */
export function takeIpvsChanges({ servers, addresses }: IpvsAssembly): readonly IpvsChange[] {
  const ofServers = [...takeTouched(servers)].flatMap(([, before, after]) =>
    serverChanges(before, after),
  )
  const ofAddresses = [...takeTouched(addresses)]
    .map(([address, was, is]) => addressChange(address, was === true, is === true))
    .filter((change) => !changesNothing(change))
  return byFamily([...ofServers, ...ofAddresses], (change) =>
    change.kind === 'address' ? change.address : change.server.address,
  )
}

/** Returns all servers and addresses that are wanted now. */
export function ipvsContent({ servers, addresses }: IpvsAssembly): IpvsContent {
  const all = [...servers.values].map(([key, { server }]) => [key, server] as const)
  return {
    servers: new Map(byFamily(all, ([, { address }]) => address)),
    addresses: new Set(byFamily([...addresses.values.keys()], (address) => address)),
  }
}

/** Puts IPv4 before IPv6, as the tables are. */
function byFamily<Each>(all: readonly Each[], addressOf: (each: Each) => Address): Each[] {
  return (['ipv4', 'ipv6'] as const).flatMap((family) =>
    all.filter((each) => familyOf(addressOf(each)) === family),
  )
}
