import { present } from '../model/present.ts'
import type { Announcement } from './announcement.ts'
import type { Eligibility, EligibleAddress } from './eligibility.ts'
import { interfacesFor, type NodeLink, opens } from './links.ts'
import type { Member, MemberState } from './member.ts'
import { type HashOrders, orderOf, rankingOf } from './order.ts'

/** What this node is at the moment. */
export interface Here extends Pick<Member, 'node' | 'state' | 'settled'> {
  /** The interfaces on which it may announce anything (`announcingLinks`). */
  readonly links: readonly NodeLink[]
}

/**
 * Returns who answers for each address as this node sees it: the first candidate that is live and
 * does not leave. Members are the other nodes; one that is not among them counts as dead.
 */
export function announce(
  { addresses }: Pick<Eligibility, 'addresses'>,
  here: Here,
  members: readonly (Standing & Pick<Member, 'node'>)[],
  orders: HashOrders,
): readonly Announcement[] {
  const known = new Map<string, Standing>(members.map((member) => [member.node, member]))
  known.set(here.node, here)
  orders.retain(new Set(addresses.map(({ key }) => key)))
  const namesOf = remembered((candidates) => [...candidates.keys()])
  const others = ableOthers(here.node, known)
  const ableWithout = remembered((candidates) => without(candidates, here.node))
  const rank = remembered((candidates) =>
    rankingOf(candidates, (node) => ranksFirst(known.get(node))),
  )
  const rankAlike = remembered((candidates) => rankingOf(candidates, () => true))
  return addresses.map(({ address, key, bids, candidates: eligible }) => {
    const hashed = orders.of(key, namesOf(eligible))
    const all =
      eligible.size > MANY ? few(eligible, orderOf(rankAlike(eligible), hashed)) : eligible
    const own = all.get(here.node)
    const interfaces = own === undefined ? [] : interfacesFor(address, own, here.links)
    const able = interfaces.length > 0 ? others(all) : ableWithout(others(all))
    const candidates = orderOf(rank(able), hashed)
    const services = bids.map(({ service }) => service)
    const owner = candidates.find((node) => mayOwn(known.get(node)?.state))
    return { address, services, interfaces, candidates, parties: namesOf(all), owner }
  })
}

/**
 * With more candidates than this they are too many to hear each other five times a second: only so few
 * of them, the same on all Nodes whichever of them live, stand for an address.
 */
const MANY = 16
const FEW = 4

function few(candidates: Candidates, order: readonly string[]): Candidates {
  return new Map(order.slice(0, FEW).map((name) => [name, present(candidates.get(name))]))
}

/** What is stale ranks like a newcomer. */
function ranksFirst(standing: Standing | undefined): boolean {
  return standing?.settled === true && standing.state !== 'stale'
}

type Candidates = EligibleAddress['candidates']

type Standing = Pick<Member, 'state' | 'settled' | 'interfaces'>

function mayOwn(state: MemberState | undefined): boolean {
  return state === 'live' || state === 'stale'
}

/**
 * Returns a function that leaves out the other nodes that say that they have none of the interfaces:
 * MetalLB lets such a Node win, and then nobody answers.
 */
function ableOthers(
  own: string,
  known: ReadonlyMap<string, Standing>,
): (candidates: Candidates) => Candidates {
  return remembered((candidates) => {
    const able = new Map(
      [...candidates].filter(([node, candidate]) => {
        const told = known.get(node)?.interfaces
        return node === own || told === undefined || told.some((name) => opens(candidate, name))
      }),
    )
    return able.size === candidates.size ? candidates : able
  })
}

/** Most addresses have the very same candidates, for which one answer is enough. */
function remembered<Answer>(
  answer: (candidates: Candidates) => Answer,
): (candidates: Candidates) => Answer {
  const known = new Map<Candidates, Answer>()
  return (candidates) => {
    const found = known.get(candidates) ?? answer(candidates)
    known.set(candidates, found)
    return found
  }
}

function without(candidates: Candidates, node: string): Candidates {
  if (!candidates.has(node)) return candidates
  return new Map([...candidates].filter(([each]) => each !== node))
}
