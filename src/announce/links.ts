import { type Address, familyOf } from '../model/address.ts'
import type { Candidate } from './eligibility.ts'
import { whyNot } from './interfaces.ts'
import type { Link } from './link.ts'

/** An interface of this node on which something may be announced. */
export interface NodeLink extends Link {
  /** It has an IPv6 link-local address, without which there is no NDP. */
  readonly hasLinkLocal: boolean
}

/**
 * Returns the interfaces on which this node may announce anything, in order of name: as MetalLB
 * chooses them, and with carrier. A bad expression excludes nothing.
 */
export function announcingLinks(
  links: readonly NodeLink[],
  excluded: readonly string[],
): readonly NodeLink[] {
  const patterns = excluded.flatMap((text) => patternOf(text) ?? [])
  return links
    .filter((link) => link.hasCarrier && whyNot(link, patterns) === undefined)
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
  links: readonly NodeLink[],
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
