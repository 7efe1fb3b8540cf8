import type { Announced } from '../../announce/announced.ts'
import { type Address, familyOf } from '../../model/address.ts'
import {
  addressSet,
  type Chain,
  type SetKind,
  SWITCH_SET,
  type Table,
} from '../../ruleset/netdev/types.ts'
import { pingRules } from './ping-rules.ts'
import { answeringRules } from './rules.ts'

/** What is answered besides ARP and NDP. */
export interface Answers {
  readonly ping?: boolean
}

/**
 * Returns the table that answers for these addresses. An interface without addresses has its sets
 * and rules as well, so that taking an address changes one element.
 */
export function announceTable(announced: readonly Announced[], { ping }: Answers = {}): Table {
  const sets = new Map<string, SetKind>([[SWITCH_SET, 'switch']])
  const elements = new Map<string, ReadonlySet<Address>>()
  const chains = new Map<string, Chain>()
  for (const { station, addresses } of announced) {
    for (const family of ['ipv4', 'ipv6'] as const) {
      const name = addressSet(family, station.name)
      sets.set(name, family)
      elements.set(name, new Set([...addresses].filter((address) => familyOf(address) === family)))
    }
    const rules = [...answeringRules(station), ...(ping ? pingRules(station) : [])]
    chains.set(station.name, { device: station.name, rules })
  }
  return { sets, elements, chains }
}
