import { podNodesOf } from '../allocate/nodes-world.ts'
import { poolsByAge } from '../allocate/order.ts'
import { type Territories, territoriesOf } from '../allocate/territory.ts'
import type { Address } from '../model/address.ts'
import { present } from '../model/present.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { Advertised } from './advertised.ts'
import type { Bid } from './eligibility.ts'
import type { AnnouncedService, AnnounceObjects, LabelledPool } from './objects.ts'
import type { Silence, SilenceReason } from './silence.ts'

/** A list that is never empty. */
export type OneOrMore<Each> = readonly [Each, ...Each[]]

/** What the Services ask for, by address, and those that are announced by nobody. */
interface Bids {
  readonly bids: ReadonlyMap<Address, OneOrMore<Bid>>
  readonly silences: readonly Silence[]
}

/** Returns what each Service asks of the Nodes, in order of name. */
export function servicesOf(
  objects: AnnounceObjects,
  advertised: Advertised,
  classes: readonly string[],
): Bids {
  const endpoints = endpointsOf(objects)
  const poolOf = poolFinder(objects.pools)
  const bids = new Map<Address, [Bid, ...Bid[]]>()
  const silences: Silence[] = []
  for (const service of objects.services.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const { name, addresses, local } = service
    const ready = endpoints.get(name)
    const found = whySilent(service, classes) ?? whyUnserved(ready) ?? poolOf(addresses)
    const answer = found.kind === 'pool' ? advertised(service, found.pool) : found
    if (answer.kind !== 'allowed') {
      silences.push({ service: name, addresses, reason: answer })
      continue
    }
    const first = present(addresses[0])
    const nodes = local ? present(ready) : undefined
    for (const address of addresses) {
      const bid = {
        service: name,
        first,
        allowed: answer.allowed,
        endpoints: nodes,
      }
      const known = bids.get(address)
      if (known === undefined) bids.set(address, [bid])
      else known.push(bid)
    }
  }
  return { bids, silences }
}

/** Returns why there is nothing to announce for a Service, whatever else there is. */
export function whySilent(
  { class: named, addresses }: AnnouncedService,
  classes: readonly string[],
): Silent<'other-class' | 'no-address'> | undefined {
  if (named !== undefined && !classes.includes(named)) return { kind: 'other-class', class: named }
  return addresses.length === 0 ? { kind: 'no-address' } : undefined
}

type Silent<Kind> = Extract<SilenceReason, { readonly kind: Kind }>

function whyUnserved(ready: ReadonlySet<string> | undefined): SilenceReason | undefined {
  return ready === undefined ? { kind: 'no-endpoint' } : undefined
}

/** Returns the Nodes with endpoints of each Service that has any, on a Node or not. */
export function endpointsOf({
  endpoints,
}: Pick<AnnounceObjects, 'endpoints'>): ReadonlyMap<ServiceName, ReadonlySet<string>> {
  return podNodesOf(endpoints.filter(({ any }) => any))
}

type PoolAnswer =
  | { readonly kind: 'pool'; readonly pool: LabelledPool }
  | Silent<'no-pool' | 'pools-differ'>

/**
 * Returns a function that finds the pool that has all addresses of a Service. Of two pools of one
 * name the older counts, and where pools overlap the older has the addresses, as in an allocation.
 */
export function poolFinder(
  pools: readonly LabelledPool[],
): (addresses: readonly Address[]) => PoolAnswer {
  const named = new Map<string, LabelledPool>()
  for (const pool of pools.toSorted(poolsByAge))
    if (!named.has(pool.name)) named.set(pool.name, pool)
  const territories: Territories = territoriesOf([...named.values()])
  return (addresses) => {
    const found = new Set<string>()
    for (const address of addresses) {
      const name = territories.at(address)?.pool.name
      if (name === undefined) return { kind: 'no-pool', address }
      found.add(name)
    }
    const [name, ...others] = found
    if (name === undefined || others.length > 0) {
      return { kind: 'pools-differ', pools: [...found].sort() }
    }
    return { kind: 'pool', pool: present(named.get(name)) }
  }
}
