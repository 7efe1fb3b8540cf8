import type { Link } from './link.ts'
import type { Station } from './station.ts'

/** What becomes of an interface. */
type Choice =
  | { readonly kind: 'announces'; readonly station: Station; readonly hasCarrier: boolean }
  | { readonly kind: 'left-out'; readonly name: string; readonly reason: string }

/**
 * Says for each interface whether addresses are announced on it, and why not. The conditions are
 * MetalLB's; beyond them it has to be Ethernet, because the answers have MAC addresses.
 */
export function chooseInterfaces(
  links: readonly Link[],
  excluded: readonly RegExp[],
): readonly Choice[] {
  return links.map((link) => {
    const { name, index, mac, hasCarrier } = link
    const reason = whyNot(link, excluded)
    if (reason !== undefined) return { kind: 'left-out', name, reason }
    return { kind: 'announces', station: { name, index, mac }, hasCarrier }
  })
}

/** Returns why nothing may be announced on an interface; undefined if it may, cable or none. */
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
