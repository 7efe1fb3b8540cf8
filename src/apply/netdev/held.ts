import type { Address } from '../../model/address.ts'
import { isHandover } from '../../ruleset/netdev/handover.ts'
import { addressSet, type KernelTable } from '../../ruleset/netdev/types.ts'
import type { Found } from './read.ts'

/** Returns the names of the interfaces for which the kernel has a chain that answers. */
export function interfacesOf(table: KernelTable | undefined): readonly string[] {
  return [...(table?.chains.keys() ?? [])].filter((chain) => !isHandover(chain))
}

/** Returns for what the kernel answers while its switch is on: not for what another node has taken. */
export function heldByInterface({
  table,
  taken,
}: Pick<Found, 'table' | 'taken'>): ReadonlyMap<string, ReadonlySet<Address>> {
  const others = new Set([...taken.values()].flatMap((all) => [...all]))
  const held = (name: string): ReadonlySet<Address> => {
    const sets = [addressSet('ipv4', name), addressSet('ipv6', name)]
    const all = sets.flatMap((set) => [...(table?.elements.get(set) ?? [])])
    return new Set(all.filter((address) => !others.has(address)))
  }
  return new Map(interfacesOf(table).map((name) => [name, held(name)]))
}
