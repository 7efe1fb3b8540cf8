import type { Address } from '../model/address.ts'
import type { Announcement } from './announcement.ts'
import { claimsFor, offeredIn } from './claims.ts'
import type { Member } from './member.ts'
import type { Transition } from './transition-state.ts'

/** What this node offers to others at the moment. */
export interface Offers {
  /** How many offers there were so far. */
  readonly count: number
  /** By the name of the Node that may take it. */
  readonly open: ReadonlyMap<string, Offer>
}

/** An offer never changes: other addresses are another offer. */
interface Offer {
  /** Below 2 to the power of 24. */
  readonly number: number
  readonly addresses: ReadonlySet<Address>
}

/** What a node begins with. */
export const NO_OFFERS: Offers = { count: 0, open: new Map() }

const MOST = 2 ** 24

/** Returns the offers by which each Node is offered these addresses; the same value if nothing has changed. */
export function offersOf(
  former: Offers,
  wanted: ReadonlyMap<string, ReadonlySet<Address>>,
): Offers {
  let { count } = former
  const open = new Map<string, Offer>()
  for (const [node, addresses] of wanted) {
    const known = offerOf(former, node, addresses)
    if (known === undefined) count++
    open.set(node, known ?? { number: count % MOST, addresses })
  }
  return count === former.count && open.size === former.open.size ? former : { count, open }
}

/** Returns the offer of exactly these addresses to a Node, if there is one. */
export function offerOf(
  { open }: Offers,
  node: string,
  addresses: ReadonlySet<Address>,
): Offer | undefined {
  const offer = open.get(node)
  if (offer?.addresses.size !== addresses.size) return undefined
  return [...addresses].every((address) => offer.addresses.has(address)) ? offer : undefined
}

/** Returns the name of an offer, eight bytes in hexadecimal: no other offer of any run of the agent has it. */
export function offerName(incarnation: number, { number }: Offer): string {
  const run = (incarnation % 2 ** 40).toString(16).padStart(10, '0')
  return run + number.toString(16).padStart(6, '0')
}

/** Returns what this node offers to each Node. */
export function offered(
  transition: Pick<Transition, 'spots'>,
  members: readonly Pick<Member, 'node' | 'claims'>[],
  announcements: ReadonlyMap<Address, Pick<Announcement, 'owner' | 'candidates'>>,
  now: number,
): ReadonlyMap<string, ReadonlySet<Address>> {
  const receivers = new Set<string>()
  for (const { phase } of transition.spots.values()) {
    if (phase.kind === 'answering' && phase.yieldsTo !== undefined) receivers.add(phase.yieldsTo)
  }
  const known = members.filter(({ node }) => receivers.has(node))
  const each = known.map((receiver) => {
    const addresses = offeredIn(claimsFor(receiver, transition, announcements, now))
    return [receiver.node, addresses] as const
  })
  return new Map(each.filter(([, addresses]) => addresses.size > 0))
}
