import type { ServedService } from '../../frontend/frontends.ts'
import { healthCheckLabel, serviceLabel } from '../../frontend/labels.ts'
import { type Address, familyOf } from '../../model/address.ts'
import { type TableFamily, tableOf } from '../../model/family.ts'
import { type FrontendId, nodePortKey } from '../../model/frontend-id.ts'
import type { Settings } from '../../model/node.ts'
import type { ServiceObject } from '../../model/service.ts'
import { type ServiceName, serviceName } from '../../model/service-name.ts'
import { type Tuple, tuple } from '../../model/tuple.ts'
import { endpointTexts, type Front, frontOf } from './front.ts'

/** What several Services may want: addresses of ClusterIPs, of pods here, health-check ports. */
export const SHARED_KINDS = ['clusterIps', 'pods', 'healthChecks'] as const
export type SharedKind = (typeof SHARED_KINDS)[number]

/** A frontend for which a Service wants chains. */
interface FrontWant {
  readonly kind: 'front'
  readonly family: TableFamily
  readonly key: FrontendId
  readonly front: Front
}

/** What a Service wants, and another one may want too. */
export interface SharedWant {
  readonly kind: SharedKind
  readonly family: TableFamily
  readonly key: Tuple
  readonly service: ServiceName
  readonly label: string
}

export type Want = FrontWant | SharedWant

/** Returns all that a Service wants of the chains, each thing once. */
export function emitChains(served: ServedService, { scope }: Settings): readonly Want[] {
  const { service, frontends } = served
  const texts = endpointTexts()
  const fronts = frontends.map((frontend): Want => {
    const front = frontOf(service, frontend, texts)
    return { kind: 'front', family: tableOf(frontend.family), key: frontend.id, front }
  })
  return [
    ...fronts,
    ...addressWants('clusterIps', clusterIpsOf(served), service),
    ...addressWants('pods', podsOf(served), service),
    ...(scope === 'all' ? healthCheckWants(service) : []),
  ]
}

function addressWants(
  kind: 'clusterIps' | 'pods',
  addresses: Iterable<Address>,
  owner: ServiceObject,
): readonly SharedWant[] {
  const [service, label] = [serviceName(owner), serviceLabel(owner)]
  return Array.from(addresses, (address) => {
    return { kind, family: tableOf(familyOf(address)), key: tuple(address), service, label }
  })
}

function clusterIpsOf({ frontends }: ServedService): ReadonlySet<Address> {
  return new Set(
    frontends.flatMap(({ kind, address }) =>
      kind === 'cluster-ip' && address !== undefined ? [address] : [],
    ),
  )
}

/**
 * Returns the endpoints on this node. A pod that reaches itself would see its own address as the
 * client and answer past the node.
 */
function podsOf({ frontends }: ServedService): ReadonlySet<Address> {
  // Many frontends have the same list.
  const lists = new Set(frontends.flatMap(({ endpoints }) => [endpoints.inside, endpoints.local]))
  const targets = [...lists].flat().filter(({ local }) => local)
  return new Set(targets.map(({ address }) => address))
}

/** Opens the health-check port, which other rules of the host might drop. */
function healthCheckWants(owner: ServiceObject): readonly SharedWant[] {
  const { healthCheckPort: port, clusterAddresses } = owner
  if (port === undefined) return []
  const families = new Set(clusterAddresses.map((address) => tableOf(familyOf(address))))
  const [key, service, label] = [
    nodePortKey('tcp', port),
    serviceName(owner),
    healthCheckLabel(owner),
  ]
  return Array.from(families, (family) => ({ kind: 'healthChecks', family, key, service, label }))
}
