import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import type { ClusterLists } from '../../src/watch/cluster-lists.ts'

/** The clusters of the goldens. */
export const CLUSTERS: string = new URL('../golden/cluster/', import.meta.url).pathname

// biome-ignore lint/suspicious/noExplicitAny: whatever Kubernetes has
type Manifest = any

/** Returns the objects of a cluster as they are read from the API server. */
export function listsIn(name: string, untold: ClusterLists['untold'] = new Set()): ClusterLists {
  const text = readFileSync(`${CLUSTERS}${name}.yaml`, 'utf8')
  return listsOf(
    parseAllDocuments(text).map((document) => document.toJS()),
    untold,
  )
}

/** Returns these objects as they are read from the API server. */
export function listsOf(
  objects: readonly Manifest[],
  untold: ClusterLists['untold'] = new Set(),
): ClusterLists {
  const of = (kind: string): Manifest[] => objects.filter((each) => each.kind === kind)
  const told = {
    pods: of('Pod'),
    leases: of('Lease'),
    l2Statuses: of('ServiceL2Status'),
    bgpStatuses: of('ServiceBGPStatus'),
    nodeStatuses: of('NodelbNodeStatus'),
    events: of('Event'),
  }
  const others = objects.filter((each) => !Object.values(told).flat().includes(each))
  const kinds = new Map(others.map(({ apiVersion, kind }) => [kind, apiVersion]))
  const values = [...kinds].map(([kind, apiVersion]) => {
    return { apiVersion, kind: `${kind}List`, items: of(kind) }
  })
  return { deciding: { values, problems: [] }, told, untold, isWhole: true, troubles: [] }
}
