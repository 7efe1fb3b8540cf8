import type { Announced } from '../../announce/announced.ts'
import type { Handover } from '../../announce/handover.ts'
import { type Address, familyOf } from '../../model/address.ts'
import { handoverChain, offeredSet, TAKEN_SET } from '../../ruleset/netdev/handover.ts'
import {
  type AddressKind,
  addressSet,
  type Chain,
  type SetKind,
  SWITCH_SET,
  type Table,
} from '../../ruleset/netdev/types.ts'
import { handoverRules } from './handover-rules.ts'
import { pingRules } from './ping-rules.ts'
import { answeringRules } from './rules.ts'

interface TableOptions {
  /** Whether pings to the addresses are answered, too. */
  readonly ping?: boolean
  /** What this node offers to others. */
  readonly handovers?: readonly Handover[]
}

const FAMILIES = ['ipv4', 'ipv6'] as const

/**
 * Returns the table that answers for these addresses. An interface without addresses has its sets
 * and rules as well, so that taking an address changes one element.
 */
export function announceTable(
  announced: readonly Announced[],
  { ping, handovers = [] }: TableOptions = {},
): Table {
  const sets = new Map<string, SetKind>([[SWITCH_SET, 'switch']])
  const elements = new Map<string, ReadonlySet<Address>>()
  const chains = new Map<string, Chain>()
  const hold = (name: string, family: AddressKind, addresses: ReadonlySet<Address>): void => {
    sets.set(name, family)
    elements.set(name, new Set([...addresses].filter((address) => familyOf(address) === family)))
  }
  for (const { station, addresses } of announced) {
    for (const family of FAMILIES) hold(addressSet(family, station.name), family, addresses)
    const rules = [...answeringRules(station), ...(ping ? pingRules(station) : [])]
    chains.set(station.name, { device: station.name, rules })
  }
  if (handovers.length === 0) return { sets, elements, chains }
  sets.set(TAKEN_SET, 'taken')
  for (const { offer, addresses } of handovers) {
    for (const family of FAMILIES) hold(offeredSet(family, offer), family, addresses)
  }
  for (const { station } of announced) {
    const { name: device } = station
    chains.set(handoverChain(device), { device, rules: handoverRules(handovers) })
  }
  return { sets, elements, chains }
}
