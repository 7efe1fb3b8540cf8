import { type Address, familyOf } from '../model/address.ts'
import type { Candidate } from './eligibility.ts'

/** An interface of this node, as the kernel tells of it. */
export interface Link {
  readonly name: string
  /** It is set up (IFF_UP). */
  readonly isUp: boolean
  /** Its cable is in, or what stands for it (IFF_LOWER_UP). */
  readonly hasCarrier: boolean
  /** IFF_BROADCAST. */
  readonly isBroadcast: boolean
  /** IFF_NOARP. */
  readonly isNoArp: boolean
  /** It is a port of a bridge or of a bond, which announces in its place. */
  readonly hasMaster: boolean
  /** It has an IPv6 link-local address, without which there is no NDP. */
  readonly hasLinkLocal: boolean
}

/**
 * Returns the interfaces on which this node may announce anything, in order of name: as MetalLB
 * chooses them, and with carrier. A bad expression excludes nothing.
 */
export function announcingLinks(
  links: readonly Link[],
  excluded: readonly string[],
): readonly Link[] {
  const patterns = excluded.flatMap((text) => patternOf(text) ?? [])
  return links
    .filter(({ name }) => !patterns.some((pattern) => pattern.test(name)))
    .filter(({ isUp, hasCarrier }) => isUp && hasCarrier)
    .filter(({ isBroadcast, isNoArp, hasMaster }) => isBroadcast && !isNoArp && !hasMaster)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function patternOf(text: string): RegExp | undefined {
  try {
    return new RegExp(text)
  } catch {
    return undefined
  }
}

/** Returns the names of the interfaces on which a candidate with these answers for an address. */
export function interfacesFor(
  address: Address,
  candidate: Candidate,
  links: readonly Link[],
): readonly string[] {
  return links
    .filter(({ name }) => opens(candidate, name))
    .filter(({ hasLinkLocal }) => familyOf(address) === 'ipv4' || hasLinkLocal)
    .map(({ name }) => name)
}

/** Returns whether the advertisements let a candidate answer on the interface of this name. */
export function opens({ interfaces }: Candidate, name: string): boolean {
  return interfaces === undefined || interfaces.has(name)
}
