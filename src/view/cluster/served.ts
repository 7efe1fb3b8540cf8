import { candidatesOf } from '../../frontend/candidates.ts'
import { chooseEndpoints, type Target } from '../../frontend/choose-endpoints.ts'
import { ClaimBook } from '../../frontend/claim-book.ts'
import { claimsWithin } from '../../frontend/claim-rules.ts'
import { type Denial, winnerOf } from '../../frontend/denials.ts'
import { type Frontend, frontendsOf } from '../../frontend/frontends.ts'
import { frontendText } from '../../model/frontend-id.ts'
import type { Situation } from '../../model/node.ts'
import type { Cluster, SliceObject } from '../../model/service.ts'
import { type ServiceName, serviceName } from '../../model/service-name.ts'
import type { FrontendInput, ServiceInput } from '../status-input.ts'

/** What the objects of a cluster call for, on no Node in particular. */
export interface Served {
  /** In order of name. */
  readonly services: readonly ServiceInput[]
  readonly denials: readonly Denial[]
}

/** Returns what becomes of connections to each Service, and who gets which address. */
export function servedBy({ services, slices }: Cluster, situation: Situation): Served {
  const claimsOf = claimsWithin(situation.settings, situation.node)
  const book = new ClaimBook()
  for (const service of services) book.replace(serviceName(service), service, claimsOf(service))
  const slicesOf = byService(slices)
  const inputs = services.map((service): ServiceInput => {
    const name = serviceName(service)
    const denied = new Map(
      book
        .denials(name)
        .map((denial) => [denial.key, winnerOf(denial) === undefined ? 'refused' : 'contested']),
    ) as ReadonlyMap<string, 'refused' | 'contested'>
    const mine = slicesOf.get(name) ?? []
    const frontends = frontendsOf(
      service,
      claimsOf(service),
      (port, family) => chooseEndpoints(candidatesOf(mine, port, family), situation.node),
      situation,
    )
    return {
      service: name,
      created: service.created,
      frontends: frontends.map((each) => inputOf(each, denied.get(each.id))),
      origin: service.addressOrigin ?? null,
      localPolicies: service.externalPolicy === 'local' ? ['externalTrafficPolicy'] : [],
    }
  })
  const inOrder = inputs.toSorted((a, b) => (a.service < b.service ? -1 : 1))
  return { services: inOrder, denials: book.allDenials() }
}

function inputOf(
  { id, kind, port, endpoints, unserved }: Frontend,
  denied: 'refused' | 'contested' | undefined,
): FrontendInput {
  return {
    address: frontendText(id),
    port: port.name || String(port.port),
    kind,
    // Where policy Local leaves none here, some Node has them.
    state: denied ?? (unserved === 'reject' ? 'refuses' : 'serves'),
    endpoints: distinct(endpoints.inside),
    localEndpoints: 0,
  }
}

function distinct(targets: readonly Target[]): number {
  return new Set(targets.map(({ address, port }) => `${address} ${port}`)).size
}

function byService(slices: readonly SliceObject[]): ReadonlyMap<ServiceName, SliceObject[]> {
  const found = new Map<ServiceName, SliceObject[]>()
  for (const slice of slices) {
    const name = `${slice.namespace}/${slice.service}`
    const mine = found.get(name)
    if (mine === undefined) found.set(name, [slice])
    else mine.push(slice)
  }
  return found
}
