import { isInOrder, rowsOf, type ServiceRow } from '../service-rows.ts'
import type { ClusterInput } from './cluster-input.ts'

/** Ports of one address of a Service that fare alike, in the whole cluster. */
export interface ClusterServiceRow extends Pick<ServiceRow, 'service' | 'address' | 'ports'> {
  readonly endpoints: number
  /** True if only Nodes with an endpoint serve it. */
  readonly local: boolean
  /** Undefined for addresses of no pool. */
  readonly pool: string | undefined
  /** The Nodes that say that they announce the Service. */
  readonly announcedBy: readonly string[]
  readonly state: ServiceRow['state'] | 'waits'
}

/** Returns whether nobody has to look at a row. */
export function isFine({ state }: ClusterServiceRow): boolean {
  return state !== 'waits' && isInOrder({ state })
}

/** Returns all Services with an address for clients outside, and those that wait for one. */
export function serviceList(input: ClusterInput): readonly ClusterServiceRow[] {
  const { served, waiting } = input
  const pools = new Map(input.given.map((each) => [`${each.service} ${each.address}`, each.pool]))
  const announcers = announcersOf(input)
  const addressed = served.services.flatMap((service) => {
    const local = service.localPolicies.length > 0
    return rowsOf(service, { all: false, refused: false }).map((row): ClusterServiceRow => {
      const { service: name, address, ports, endpoints, state } = row
      const announcedBy = [...(announcers.get(name) ?? [])].sort()
      const pool = pools.get(`${name} ${address}`)
      return { service: name, address, ports, endpoints, local, pool, announcedBy, state }
    })
  })
  const without = waiting.map(({ about }): ClusterServiceRow => {
    const common = { ports: [], endpoints: 0, local: false, pool: undefined, announcedBy: [] }
    return { service: about, address: '', ...common, state: 'waits' }
  })
  return [...addressed, ...without].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

function key({ service, address }: ClusterServiceRow): string {
  return `${service} ${address}`
}

/** Returns the Nodes that say that they announce it, by Service. */
function announcersOf({ announcers }: ClusterInput): ReadonlyMap<string, ReadonlySet<string>> {
  const nodes = new Map<string, Set<string>>()
  for (const { service, node } of announcers) {
    const mine = nodes.get(service) ?? new Set()
    nodes.set(service, mine.add(node))
  }
  return nodes
}
