import { allLive } from '../../announce/all-live.ts'
import { announce } from '../../announce/announce.ts'
import type { Candidate, Eligibility } from '../../announce/eligibility.ts'
import type { LeftOut } from '../../announce/left-out.ts'
import { type HashOrders, hashOrders } from '../../announce/order.ts'
import { type FirstReason, whyFirst } from '../../announce/why-first.ts'
import { leftOutOf } from '../../announce/why-not.ts'
import type { Address } from '../../model/address.ts'
import { present } from '../../model/present.ts'
import type { ServiceName } from '../../model/service-name.ts'

/** An address with all that decides who announces it. */
export interface AddressEntry {
  readonly address: Address
  readonly services: readonly ServiceName[]
  readonly why: FirstReason
  /** The Nodes that may announce it; the first one does. */
  readonly order: readonly RankedNode[]
  readonly leftOut: readonly LeftOut[]
}

interface RankedNode extends Candidate {
  readonly node: string
}

/** An address that another Node announces, or nobody, while some Nodes are away. */
export interface Move {
  readonly address: Address
  readonly services: readonly ServiceName[]
  readonly from: string
  /** Undefined: nobody. */
  readonly to: string | undefined
}

/** Returns the addresses as they are announced while all of these Nodes are live and settled. */
export function entriesOf(
  eligibility: Eligibility,
  nodes: readonly string[],
  orders: HashOrders = hashOrders(),
): readonly AddressEntry[] {
  // The command runs on no Node: it asks no interface, and no candidate has this name.
  const here = { node: '', state: 'live', settled: true, links: [] } as const
  const announcements = announce(eligibility, here, allLive(nodes), orders)
  return eligibility.addresses.map((each, at) => {
    const { address, services, candidates } = present(announcements[at])
    const order = candidates.map((node) => ({ node, ...present(each.candidates.get(node)) }))
    return { address, services, why: present(whyFirst(each)), order, leftOut: leftOutOf(each) }
  })
}

/** Returns the Node that announces an address. */
export function ownerOf({ order }: AddressEntry): string {
  return present(order[0]).node
}

/** Returns what moves from one state to another, in the order of the first. */
export function movesBetween(
  before: readonly AddressEntry[],
  after: readonly AddressEntry[],
): readonly Move[] {
  const owners = new Map(after.map((entry) => [entry.address, ownerOf(entry)]))
  return before.flatMap((entry) => {
    const { address, services } = entry
    const [from, to] = [ownerOf(entry), owners.get(address)]
    return from === to ? [] : [{ address, services, from, to }]
  })
}
