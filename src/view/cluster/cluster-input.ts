import type { PoolUsage } from '../../allocate/allocation.ts'
import type { AgentPod } from '../../decode/cluster/agent-pod.ts'
import type { LeaseHolder } from '../../decode/cluster/lease.ts'
import type { ToldAnnouncer } from '../../decode/cluster/told-announcer.ts'
import type { ToldNode } from '../../decode/cluster/told-node.ts'
import type { Warning } from '../../decode/cluster/warning.ts'
import type { Address } from '../../model/address.ts'
import type { Matter } from '../look-at.ts'
import type { Served } from './served.ts'

/** What the API server says of nodelb in a cluster. */
export interface ClusterInput {
  /** The time of reading, RFC 3339. */
  readonly at: string
  /** Which of these could not be read; of what is not known nothing is said. */
  readonly unread: Readonly<Record<'agents' | 'lease' | 'announcers' | 'told', boolean>>
  /** The Nodes on which an agent should run. */
  readonly nodes: readonly string[]
  readonly agents: readonly AgentPod[]
  /** What agents tell of their Nodes. */
  readonly told: readonly ToldNode[]
  /** Undefined where no controller ever ran. */
  readonly lease: LeaseHolder | undefined
  readonly served: Served
  /** The Services that have no address yet, each with the reason. */
  readonly waiting: readonly Matter[]
  /** How full the pools are, by the addresses that Services have. */
  readonly usage: readonly PoolUsage[]
  /** The addresses that Services have of pools. */
  readonly given: readonly GivenAddress[]
  readonly announcers: readonly ToldAnnouncer[]
  /** The Services that no Node may announce, each with the reason. */
  readonly silent: readonly Matter[]
  /** What is wrong with objects. */
  readonly problems: readonly Matter[]
  readonly warnings: readonly Warning[]
}

/** An address that a Service has of a pool. */
interface GivenAddress {
  readonly pool: string
  readonly address: Address
  /** `namespace/name`. */
  readonly service: string
}
