import { whyBarred } from '../node-fitness.ts'
import type { AnnouncedService, AnnouncerNode, ServingEndpoints } from '../objects.ts'
import { anySelects } from '../selection.ts'
import { endpointsOf, poolFinder, whySilent } from '../services.ts'
import type { BgpDecisionSettings, BgpObjects } from './objects.ts'
import type { Offer, PoolOffers } from './offers.ts'
import type { BgpSilenceReason } from './silence.ts'

/** The advertisements by which a node announces a Service, or why it does not. */
type Offered = { readonly kind: 'offered'; readonly offers: readonly Offer[] } | BgpSilenceReason

/** What decides whether a node announces a Service, whichever peers it has. */
interface Place extends Pick<BgpObjects, 'endpoints' | 'pools'> {
  readonly node: AnnouncerNode
  readonly offersOf: (pool: BgpObjects['pools'][number]) => PoolOffers
}

/** Returns a function that goes through the tests of a Service in MetalLB's order. */
export function asker(
  { node, offersOf, ...objects }: Place,
  settings: BgpDecisionSettings,
): (service: AnnouncedService) => Offered {
  const poolOf = poolFinder(objects.pools)
  const serving = endpointsOf(objects)
  const ready = endpointsOf({ endpoints: objects.endpoints.map(withoutEnding) })
  const unfit = whyUnfit(node, settings)
  const unserved = (service: AnnouncedService): BgpSilenceReason | undefined =>
    whyUnserved(service, node, {
      serving: serving.get(service.name),
      ready: ready.get(service.name),
    })
  return (service) => {
    const silent = whySilent(service, settings.classes)
    if (silent !== undefined) return silent
    const found = poolOf(service.addresses)
    if (found.kind !== 'pool') return found
    const { pool } = found
    const offered = selected(service, node, { ...offersOf(pool), pool: pool.name })
    if (offered.kind !== 'offered') return offered
    return unfit ?? unserved(service) ?? offered
  }
}

function selected(
  { labels }: AnnouncedService,
  node: AnnouncerNode,
  { usable, unusable, pool }: PoolOffers & { readonly pool: string },
): Offered {
  const names = (of: readonly Offer[]): readonly string[] => of.map(({ name }) => name)
  if (usable.length === 0) {
    if (unusable.length === 0) return { kind: 'no-advertisement', pool }
    return { kind: 'advertisement-unusable', pool, advertisements: unusable }
  }
  const ofService = usable.filter(({ services }) => anySelects(services, labels))
  if (ofService.length === 0) {
    return { kind: 'service-not-selected', pool, advertisements: names(usable) }
  }
  const offers = ofService.filter(({ nodes }) => anySelects(nodes, node.labels))
  if (offers.length > 0) return { kind: 'offered', offers }
  return { kind: 'node-not-selected', pool, advertisements: names(ofService) }
}

/** A Node that is not ready goes on announcing: what it holds of routes may still work. */
function whyUnfit(
  node: AnnouncerNode,
  { ignoreExcludeLabel, drain }: BgpDecisionSettings,
): BgpSilenceReason | undefined {
  const barred = whyBarred(node, ignoreExcludeLabel)
  if (barred !== undefined) return barred
  return node.cordoned && drain.cordoned === 'withdraw' ? { kind: 'cordoned' } : undefined
}

function withoutEnding({ nodes, ending = [], ...rest }: ServingEndpoints): ServingEndpoints {
  return { ...rest, nodes: nodes.filter((node) => !ending.includes(node)) }
}

/** The Nodes with endpoints of a Service; undefined if there is no endpoint. */
interface Hosts {
  readonly serving: ReadonlySet<string> | undefined
  /** Those with one that does not end. */
  readonly ready: ReadonlySet<string> | undefined
}

/**
 * With policy Local a router has to leave a Node before the endpoints there are gone, or it loses what it
 * sends meanwhile. So those that end count only where no Node has others.
 */
function whyUnserved(
  { local }: AnnouncedService,
  { name }: AnnouncerNode,
  { serving, ready }: Hosts,
): BgpSilenceReason | undefined {
  if (serving === undefined) return { kind: 'no-endpoint' }
  if (!local || ready?.has(name)) return undefined
  if (!serving.has(name)) return { kind: 'no-local-endpoint' }
  return ready !== undefined && ready.size > 0 ? { kind: 'local-endpoints-end' } : undefined
}
