import { type Resource, resources } from './resources.ts'

/** The objects of a resource that are requested. */
export interface Selection {
  readonly path: string
  readonly labels?: string
  readonly fields?: string
  /** The selection for servers that answer this one with status 400. */
  readonly instead?: Selection
}

/** What of the cluster is asked for; all of it where nothing is said. */
interface Part {
  /** The only Node, for kinds that have an object for each Node. */
  readonly node?: string | undefined
  /** The only namespace. */
  readonly namespace?: string | undefined
}

/** Returns the selection for a resource. */
export function selectionOf(resource: Resource, { node, namespace }: Part = {}): Selection {
  const { apiVersion, plural, labels, fields, ofNode } = resources[resource]
  const root = apiVersion.includes('/') ? '/apis' : '/api'
  const place = namespace === undefined ? '' : `/namespaces/${namespace}`
  const all = { path: `${root}/${apiVersion}${place}/${plural}`, ...(labels && { labels }) }
  if (fields !== undefined) return { ...all, fields, instead: all }
  return { ...all, ...(node && ofNode && { fields: ofNode(node) }) }
}

/** Returns the selection as a path with its query. */
export function pathOf(selection: Selection, query: Readonly<Record<string, string>>): string {
  const { path, labels, fields } = selection
  const parameters = new URLSearchParams({
    ...(labels !== undefined && { labelSelector: labels }),
    ...(fields !== undefined && { fieldSelector: fields }),
    ...query,
  })
  return `${path}?${parameters}`
}
