import type { Link } from './link.ts'

/**
 * Returns why nothing may be announced on an interface; undefined if it may, cable or none. The
 * conditions are MetalLB's; beyond them it has to be Ethernet, because the answers have MAC
 * addresses.
 */
export function whyNot(link: Link, excluded: readonly RegExp[]): string | undefined {
  const pattern = excluded.find((candidate) => candidate.test(link.name))
  if (pattern !== undefined) return `it is excluded by ${pattern.source}`
  if (link.name.includes(UNREADABLE)) return 'its name is not UTF-8'
  if (!link.isUp) return 'it is down'
  if (!link.isEthernet || link.mac === '') return 'it is not Ethernet'
  if (!link.isBroadcast) return 'it has no broadcasts'
  if (!link.usesArp) return 'it does without ARP'
  return link.hasMaster ? 'it is a part of another interface' : undefined
}

/** What decoding puts where bytes are no text: such a name cannot be given back to the kernel. */
const UNREADABLE = '\ufffd'
