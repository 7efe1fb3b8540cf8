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
type Told = 'pods' | 'leases' | 'l2Statuses' | 'bgpStatuses' | 'events'

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
  /** The kinds among `told` that could not be read. */
  readonly untold: ReadonlySet<Told>
  /** True if all that decides could be read: without a part of it the rest would mislead. */
  readonly isWhole: boolean
  /** What could not be read, and why. */
  readonly troubles: readonly string[]
}

/** Reads from the API server, once, all that the commands about the cluster use. Never rejects. */
export async function readClusterLists(
  client: ApiClient,
  signal: AbortSignal,
): Promise<ClusterLists> {
  const read = (selection: Selection, mayBeMissing: boolean) =>
    readList(client, selection, mayBeMissing, signal)
  const deciding = await fewAtOnce(DECIDING, async (resource) => {
    const { apiVersion, kind, plural, mayBeMissing = false } = resources[resource]
    const { items, trouble } = await read(selectionOf(resource), mayBeMissing)
    return { list: { apiVersion, kind: `${kind}List`, items }, name: plural, trouble }
  })
  const kinds = Object.keys(TOLD) as Told[]
  const told = await fewAtOnce(kinds, async (each) => {
    const { name, mayBeMissing, ...selection } = TOLD[each]
    return { told: each, name, ...(await read(selection, mayBeMissing)) }
  })
  return {
    deciding: { values: deciding.map(({ list }) => list), problems: [] },
    told: Object.fromEntries(told.map((each) => [each.told, each.items])) as ClusterLists['told'],
    untold: new Set(told.flatMap((each) => (each.trouble === undefined ? [] : [each.told]))),
    isWhole: deciding.every(({ trouble }) => trouble === undefined),
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
