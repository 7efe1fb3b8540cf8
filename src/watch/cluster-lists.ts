import type { Documents } from '../decode/documents.ts'
import type { ApiClient } from './api/client.ts'
import { readList } from './read-list.ts'
import { type Resource, resources } from './resources.ts'
import { selectionOf } from './selection.ts'
import type { ToldResource } from './told-resources.ts'

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
type Told = 'pods' | 'leases' | 'l2Statuses' | 'bgpStatuses' | 'nodeStatuses' | 'events'

interface ToldKind {
  readonly resource: ToldResource
  /** What it is called where it cannot be read. */
  readonly name: string
}

const TOLD: { readonly [T in Told]: ToldKind } = {
  pods: { resource: 'agent-pods', name: 'Pods' },
  leases: { resource: 'controller-leases', name: 'Leases' },
  l2Statuses: { resource: 'servicel2statuses', name: 'ServiceL2Statuses' },
  bgpStatuses: { resource: 'servicebgpstatuses', name: 'ServiceBGPStatuses' },
  nodeStatuses: { resource: 'nodelbnodestatuses', name: 'NodelbNodeStatuses' },
  events: { resource: 'warning-events', name: 'Events' },
}

const KINDS = Object.keys(TOLD) as Told[]

/** All that what is said of a cluster follows from. */
export const CLUSTER_RESOURCES: readonly Resource[] = [
  ...DECIDING,
  ...KINDS.map((each) => TOLD[each].resource),
]

/** The objects of a cluster, as they came. */
export interface ClusterLists {
  /** The objects that decide what is served, as typed lists. */
  readonly deciding: Documents
  readonly told: Readonly<Record<Told, readonly unknown[]>>
  /** The kinds among `told` that could not be read. */
  readonly untold: ReadonlySet<Told>
  /** True if all that decides could be read: without a part of it the rest would mislead. */
  readonly isWhole: boolean
  /** What could not be read, and why. */
  readonly troubles: readonly string[]
}

/** The objects of one kind. */
interface ObjectsOfKind {
  readonly items: readonly unknown[]
  /** True if these were all at some time. */
  readonly isWhole: boolean
  /** Why they are not those of now; undefined if they are. */
  readonly trouble: string | undefined
}

/** Reads from the API server, once, all that the commands about the cluster use. Never rejects. */
export async function readClusterLists(
  client: ApiClient,
  signal: AbortSignal,
): Promise<ClusterLists> {
  const read = await fewAtOnce(CLUSTER_RESOURCES, async (resource) => {
    const { mayBeMissing = false } = resources[resource]
    const found = await readList(client, selectionOf(resource), mayBeMissing, signal)
    return [resource, { ...found, isWhole: found.trouble === undefined }] as const
  })
  const kinds = new Map<Resource, ObjectsOfKind>(read)
  return clusterListsOf((resource) => kinds.get(resource) ?? NOTHING)
}

const NOTHING: ObjectsOfKind = { items: [], isWhole: false, trouble: undefined }

/** Returns the lists of these objects. */
export function clusterListsOf(objects: (resource: Resource) => ObjectsOfKind): ClusterLists {
  const deciding = DECIDING.map((resource) => {
    const { apiVersion, kind, plural } = resources[resource]
    const { items, isWhole, trouble } = objects(resource)
    return { list: { apiVersion, kind: `${kind}List`, items }, name: plural, isWhole, trouble }
  })
  const told = KINDS.map((each) => {
    const { resource, name } = TOLD[each]
    return { told: each, name, ...objects(resource) }
  })
  return {
    deciding: { values: deciding.map(({ list }) => list), problems: [] },
    told: Object.fromEntries(told.map((each) => [each.told, each.items])) as ClusterLists['told'],
    untold: new Set(told.flatMap((each) => (each.isWhole ? [] : [each.told]))),
    isWhole: deciding.every(({ isWhole }) => isWhole),
    troubles: [...deciding, ...told].flatMap(({ name, trouble }) => {
      return trouble === undefined ? [] : [`${name} are not read: ${trouble}`]
    }),
  }
}

/** So many lists are asked for at the same time. */
const AT_ONCE = 5

async function fewAtOnce<Each, Answer>(
  all: readonly Each[],
  ask: (each: Each) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  for (let at = 0; at < all.length; at += AT_ONCE) {
    answers.push(...(await Promise.all(all.slice(at, at + AT_ONCE).map(ask))))
  }
  return answers
}
