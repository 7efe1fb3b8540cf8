import type { AnnounceObjects } from '../../announce/objects.ts'
import type { Config } from '../../config/config.ts'
import type { ServiceName } from '../../model/service-name.ts'
import type { AnnouncingInput } from '../../watch/files/read-announcing.ts'
import { announcersReport } from '../announcers/announcers.ts'
import type { Move } from '../announcers/report.ts'
import type { AnnouncersReport } from '../announcers/view.ts'

/** What becomes of the addresses while one Node is drained. */
export interface Drain {
  readonly node: string
  /** On layer 2. */
  readonly moves: readonly Move[]
  /** By BGP. */
  readonly routes: readonly DrainedRoute[]
  /** The Services whose endpoints that can serve are all on the Node. */
  readonly lost: readonly LostService[]
}

/** An address that the Node announces by BGP. */
interface DrainedRoute {
  readonly address: string
  readonly service: ServiceName
  /** The Nodes that go on announcing it, in order of name. */
  readonly stays: readonly string[]
}

interface LostService {
  readonly service: ServiceName
  /** True for externalTrafficPolicy Local. */
  readonly local: boolean
}

/** Returns what a drain of the Node would do, if its Pods did not come up elsewhere meanwhile. */
export function drainOf(node: string, input: AnnouncingInput, config: Config): Drain {
  const { moves } = announcersReport(input, config, { without: [node] })
  const whole = announcersReport(input, config, { without: [] })
  return { node, moves, routes: routesOf(node, whole), lost: lostWith(node, input.objects) }
}

function routesOf(node: string, { bgp }: AnnouncersReport): readonly DrainedRoute[] {
  const routes = new Map<string, { address: string; service: ServiceName; nodes: Set<string> }>()
  for (const { node: by, why } of bgp?.nodes ?? []) {
    for (const { why: each } of why) {
      if (each.kind !== 'announced') continue
      const { address, service } = each
      const key = `${address} ${service}`
      const route = routes.get(key) ?? { address, service, nodes: new Set() }
      route.nodes.add(by)
      routes.set(key, route)
    }
  }
  return [...routes.values()]
    .filter(({ nodes }) => nodes.has(node))
    .map(({ address, service, nodes }) => {
      return { address, service, stays: [...nodes].filter((each) => each !== node).sort() }
    })
}

function lostWith(
  node: string,
  { services, endpoints }: Pick<AnnounceObjects, 'services' | 'endpoints'>,
): readonly LostService[] {
  const nodesOf = new Map<ServiceName, Set<string>>()
  for (const { service, nodes } of endpoints) {
    const found = nodesOf.get(service) ?? new Set()
    for (const each of nodes) found.add(each)
    nodesOf.set(service, found)
  }
  return services
    .filter(({ name }) => {
      const nodes = nodesOf.get(name)
      return nodes?.size === 1 && nodes.has(node)
    })
    .map(({ name, local }) => ({ service: name, local }))
    .sort((a, b) => (a.service < b.service ? -1 : 1))
}
