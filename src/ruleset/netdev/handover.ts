import type { Address } from '../../model/address.ts'
import { type AddressKind, INGRESS_PRIORITY, type KernelTable } from './types.ts'

// What is in the table only while this node offers addresses to another one.

/** Holds the keys of the offers that were taken. */
export const TAKEN_SET = 'taken'

/** Before the chain that answers. */
const HANDOVER_PRIORITY = INGRESS_PRIORITY - 1

/** No interface has a colon in its name. */
const HANDOVER = 'handover:'

/** Returns the key of an offer: its number, below 2 to the power of 24, as an address. */
export function offerKey(offer: number): Address {
  return `0.${offer >> 16}.${(offer >> 8) & 255}.${offer & 255}` as Address
}

/** Returns the number of the offer with this key. */
export function offerNumber(key: Address): number {
  return key.split('.').reduce((number, part) => number * 256 + Number(part), 0)
}

/** Names the set of the addresses that are offered. */
export function offeredSet(family: AddressKind, offer: number): string {
  return `offered-${family === 'ipv4' ? 'v4' : 'v6'}-${offer}`
}

/** Returns the number of the offer whose addresses a set holds; undefined for another set. */
export function offerOfSet(name: string): number | undefined {
  const number = /^offered-v[46]-(\d+)$/.exec(name)?.[1]
  return number === undefined ? undefined : Number(number)
}

/** Names the chain that hears on an interface that an offer was taken. */
export function handoverChain(device: string): string {
  return `${HANDOVER}${device}`
}

/** Returns whether a chain is there only for offers. */
export function isHandover(chain: string): boolean {
  return chain.startsWith(HANDOVER)
}

/** Returns the priority of a chain of this name. */
export function priorityOf(chain: string): number {
  return isHandover(chain) ? HANDOVER_PRIORITY : INGRESS_PRIORITY
}

/** Returns the table as if nothing was offered. */
export function withoutHandovers(table: KernelTable): KernelTable {
  const isLasting = ([name]: readonly [string, unknown]): boolean =>
    name !== TAKEN_SET && offerOfSet(name) === undefined && !isHandover(name)
  return {
    ...table,
    sets: new Map([...table.sets].filter(isLasting)),
    elements: new Map([...table.elements].filter(isLasting)),
    chains: new Map([...table.chains].filter(isLasting)),
  }
}
