import type { Documents } from '../decode/documents.ts'
import type { ApiClient } from './api/client.ts'
import { readList } from './read-list.ts'
import { type Resource, resources } from './resources.ts'
import { type Selection, selectionOf } from './selection.ts'

/** The kinds by which addresses are given, announced and served. Passwords are not read. */
const DECIDING: readonly Resource[] = [
  'all-services',
  'endpointslices',
  'nodes',
  'namespaces',
  'ipaddresspools',
  'l2advertisements',
  'bgppeers',
  'bgpadvertisements',
  'bfdprofiles',
  'communities',
]

/** What says how nodelb fares. */
export type Told = 'pods' | 'leases' | 'l2Statuses' | 'bgpStatuses' | 'events'

interface ToldRow extends Selection {
  readonly name: string
  readonly mayBeMissing: boolean
}

const METALLB = '/apis/metallb.io/v1beta1'

const TOLD: { readonly [T in Told]: ToldRow } = {
  pods: {
    name: 'Pods',
    path: '/api/v1/pods',
    labels: 'app.kubernetes.io/name=nodelb',
    mayBeMissing: false,
  },
  leases: {
    name: 'Leases',
    path: '/apis/coordination.k8s.io/v1/leases',
    fields: 'metadata.name=nodelb-controller',
    mayBeMissing: false,
  },
  l2Statuses: {
    name: 'ServiceL2Statuses',
    path: `${METALLB}/servicel2statuses`,
    mayBeMissing: true,
  },
  bgpStatuses: {
    name: 'ServiceBGPStatuses',
    path: `${METALLB}/servicebgpstatuses`,
    mayBeMissing: true,
  },
  events: {
    name: 'Events',
    path: '/api/v1/events',
    fields: 'type=Warning',
    mayBeMissing: false,
  },
}

/** The objects of a cluster, as they came. */
export interface ClusterLists {
  /** The objects that decide what is served, as typed lists. */
  readonly deciding: Documents
  readonly told: Readonly<Record<Told, readonly unknown[]>>
  /** What could not be read, and why. */
  readonly troubles: readonly string[]
}

/** Reads from the API server, once, all that the commands about the cluster use. Never rejects. */
export async function readClusterLists(
  client: ApiClient,
  signal: AbortSignal,
): Promise<ClusterLists> {
  const troubles: string[] = []
  const read = async (name: string, selection: Selection, mayBeMissing: boolean) => {
    const { items, trouble } = await readList(client, selection, mayBeMissing, signal)
    if (trouble !== undefined) troubles.push(`${name} are not read: ${trouble}`)
    return items
  }
  const readTold = async (told: Told) => {
    const { name, mayBeMissing, ...selection } = TOLD[told]
    return [told, await read(name, selection, mayBeMissing)] as const
  }
  const deciding = DECIDING.map(async (resource) => {
    const { apiVersion, kind, plural, mayBeMissing = false } = resources[resource]
    const items = await read(plural, selectionOf(resource), mayBeMissing)
    return { apiVersion, kind: `${kind}List`, items }
  })
  const told = Promise.all((Object.keys(TOLD) as Told[]).map(readTold))
  const values = await Promise.all(deciding)
  const entries = Object.fromEntries(await told) as Record<Told, readonly unknown[]>
  return { deciding: { values, problems: [] }, told: entries, troubles }
}
