import { present } from '../model/present.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { Bid } from './node-prospects.ts'
import type { NodeBar } from './node-reason.ts'
import type { NodeClaimant } from './nodes-world.ts'
import { PlaceGroups } from './place-groups.ts'
import type { Place } from './places.ts'
import { portText } from './sharing.ts'

/** A Service that could have places. */
interface Bidder {
  readonly name: ServiceName
  readonly claimant: NodeClaimant
  /** Where the status of the Service has an address. */
  readonly held: ReadonlySet<Place>
  /** The same list for Services that ask for the same. */
  readonly bids: readonly Bid[]
}

/** What became of the bids of a Service. */
export interface Outcome {
  /** Returns what keeps the Service from a place for which it bid; undefined if it has it. */
  readonly barAt: (place: Place) => NodeBar | undefined
  /** True if it has one of them. */
  readonly wins: boolean
  /** Services with the same bids have the same text if they win and lose the same. */
  readonly text: string
}

/**
 * Returns what each Service wins and loses, by its name. Services that hold an address of a place
 * come first there, then all others; `bidders` are in order of age. As the winners hold addresses of
 * the place afterwards, asking again gives the same answer.
 *
 * Places for which the same Services bid, and which the same ones hold, are decided together: of a
 * thousand Nodes mostly all are alike.
 */
export function settle(bidders: readonly Bidder[]): ReadonlyMap<ServiceName, Outcome> {
  const lists = new Set(bidders.map(({ bids }) => bids))
  const groups = groupsAmong(bidders, lists)
  const among = new Map(Array.from(lists, (bids) => [bids, groups.among(placesIn(bids))]))
  const atGroup = new Map<number, { readonly place: Place; readonly bidders: Bidder[] }>()
  for (const bidder of bidders) {
    for (const [group, place] of present(among.get(bidder.bids))) {
      const others = atGroup.get(group)
      if (others === undefined) atGroup.set(group, { place, bidders: [bidder] })
      else others.bidders.push(bidder)
    }
  }
  const bars = new Map<ServiceName, Map<number, NodeBar | undefined>>()
  for (const { name } of bidders) bars.set(name, new Map())
  for (const [group, { place, bidders }] of atGroup) {
    for (const [{ name }, bar] of contest(bidders, place)) bars.get(name)?.set(group, bar)
  }
  const numbers = new Map<NodeBar, number>()
  return new Map(Array.from(bars, ([name, own]) => [name, outcomeOf(own, groups, numbers)]))
}

function groupsAmong(bidders: readonly Bidder[], lists: Iterable<readonly Bid[]>): PlaceGroups {
  const groups = new PlaceGroups()
  for (const bids of lists) groups.split(placesIn(bids))
  for (const { held } of bidders) groups.split(held)
  return groups
}

function placesIn(bids: readonly Bid[]): readonly Place[] {
  return bids.map(({ place }) => place)
}

function outcomeOf(
  bars: ReadonlyMap<number, NodeBar | undefined>,
  groups: PlaceGroups,
  numbers: Map<NodeBar, number>,
): Outcome {
  const own = [...bars.values()]
  for (const bar of own) if (bar && !numbers.has(bar)) numbers.set(bar, numbers.size)
  return {
    barAt: (place) => bars.get(groups.of(place)),
    wins: own.includes(undefined),
    text: own.map((bar) => (bar ? numbers.get(bar) : '')).join(),
  }
}

/** Returns who has a place (undefined), and who lost a port of it to whom. */
function contest(
  bidders: readonly Bidder[],
  place: Place,
): readonly (readonly [Bidder, NodeBar | undefined])[] {
  const taken = new Map<string, NodeBar>()
  const holds = ({ held }: Bidder): boolean => held.has(place)
  const others = bidders.filter((each) => !holds(each))
  return [...bidders.filter(holds), ...others].map((bidder) => {
    const { name, claimant } = bidder
    for (const port of claimant.sharing.ports) {
      const bar = taken.get(portText(port))
      if (bar !== undefined) return [bidder, bar]
    }
    for (const { protocol, port } of claimant.sharing.ports) {
      taken.set(portText({ protocol, port }), { kind: 'port-taken', protocol, port, holder: name })
    }
    return [bidder, undefined]
  })
}
