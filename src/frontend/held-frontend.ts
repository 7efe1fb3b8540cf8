import type { Tuple } from '../model/tuple.ts'
import type { FrontendName } from './frontend-change.ts'
import type { Frontend } from './frontends.ts'

/**
 * A frontend as the rules of a backend have it. What a kernel holds and what is rendered are read
 * into it alike, so that their difference does not depend on the backend.
 */
export interface HeldFrontend extends FrontendName {
  /** `namespace/name:port kind`. */
  readonly label: string
  /** The endpoints (`address . port`) that the policy leaves, sorted. */
  readonly endpoints: readonly Tuple[]
  /** True where external policy Local keeps clients from outside to endpoints of this node. */
  readonly isLocal: boolean
  /** The endpoints for pods and the node then; undefined if the backend has none of its own. */
  readonly inside: readonly Tuple[] | undefined
  /** Endpoints that keep their connections and get no new ones; only ipvs has such. */
  readonly draining?: readonly Tuple[]
  /** What becomes of a connection for which there is no endpoint. */
  readonly unserved: Frontend['unserved']
  /** The sources that may connect, sorted, in nft's text; undefined for all. */
  readonly sources: readonly string[] | undefined
  /** For how many seconds a client stays with its endpoint; undefined without session affinity. */
  readonly remembered: number | undefined
}

/** What a node serves before and after a change. */
export interface HeldChange {
  readonly before: readonly HeldFrontend[]
  readonly after: readonly HeldFrontend[]
}
