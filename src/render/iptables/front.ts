import type { Target } from '../../frontend/choose-endpoints.ts'
import type { Frontend } from '../../frontend/frontends.ts'
import { frontendLabel } from '../../frontend/labels.ts'
import type { ServiceObject } from '../../model/service.ts'
import type { Tuple } from '../../model/tuple.ts'
import { rememberedFor } from '../remembered-times.ts'

/**
 * What the chains of a frontend are made of, and no more than that: unlike a `Frontend` it is kept
 * as long as the frontend is there.
 */
export interface Front {
  readonly label: string
  /** The endpoints (`address . port`) for pods and the node, and under policy Cluster for all. */
  readonly inside: readonly Tuple[]
  /** The endpoints for all other clients under external policy Local; undefined otherwise. */
  readonly local: readonly Tuple[] | undefined
  /** True if clients from outside are masqueraded, because the endpoint may be elsewhere. */
  readonly masquerade: boolean
  readonly unserved: Frontend['unserved']
  /** The sources that may connect, as sorted intervals; undefined for all. */
  readonly sources: readonly string[] | undefined
  /** For how many seconds clients are remembered; undefined without session affinity. */
  readonly remembered: number | undefined
}

/** Returns the texts of endpoints, sorted; the same list for the same endpoints, to save memory. */
type EndpointTexts = (targets: readonly Target[]) => readonly Tuple[]

/** Returns what is kept of a frontend. */
export function frontOf(service: ServiceObject, frontend: Frontend, texts: EndpointTexts): Front {
  const { policy, external, endpoints, unserved, sources } = frontend
  const { affinity } = service
  return {
    label: frontendLabel(service, frontend),
    inside: texts(endpoints.inside),
    local: external && policy === 'local' ? texts(endpoints.local) : undefined,
    masquerade: external && policy === 'cluster',
    unserved,
    sources: sources && [...sources].sort(),
    remembered: affinity.kind === 'none' ? undefined : rememberedFor(affinity.seconds),
  }
}

/** Returns a function that makes the texts of each list of endpoints once. */
export function endpointTexts(): EndpointTexts {
  const made = new Map<readonly Target[], readonly Tuple[]>()
  return (targets) => {
    const found = made.get(targets) ?? targets.map(({ tuple }) => tuple).sort()
    made.set(targets, found)
    return found
  }
}

/**
 * Returns whether connections are led somewhere, or are taken out of nat because no endpoint is
 * here.
 */
export function isDispatched({ inside, local, unserved }: Front): boolean {
  return unserved !== 'reject' && (inside.length > 0 || local !== undefined)
}

/** Returns the endpoints that new connections go to, wherever the client is. */
export function endpointsOf(front: Front | undefined): ReadonlySet<Tuple> {
  return new Set([...(front?.inside ?? []), ...(front?.local ?? [])])
}

/** Returns whether the same chains are made of both. */
export function sameFront(a: Front | undefined, b: Front | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return (
    a.label === b.label &&
    a.masquerade === b.masquerade &&
    a.unserved === b.unserved &&
    a.remembered === b.remembered &&
    sameTexts(a.inside, b.inside) &&
    sameTexts(a.local, b.local) &&
    sameTexts(a.sources, b.sources)
  )
}

function sameTexts(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.length === b.length && a.every((text, at) => text === b[at])
}
