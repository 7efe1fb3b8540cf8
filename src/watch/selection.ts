import { type Resource, resources } from './resources.ts'

/** Which objects of a resource are asked for. */
export interface Selection {
  readonly path: string
  readonly labels?: string
  readonly fields?: string
  /** For servers that answer 400 to this one. */
  readonly instead?: Selection
}

/** Returns what to ask for; without a `node`, that is the Nodes of the whole cluster. */
export function selectionOf(resource: Resource, node: string | undefined): Selection {
  const { apiVersion, labels, fields, ofNode } = resources[resource]
  const root = apiVersion.includes('/') ? '/apis' : '/api'
  const all = { path: `${root}/${apiVersion}/${resource}`, ...(labels && { labels }) }
  if (fields !== undefined) return { ...all, fields, instead: all }
  return { ...all, ...(node && ofNode && { fields: ofNode(node) }) }
}

/** The selection as a path with its query. */
export function pathOf(selection: Selection, query: Readonly<Record<string, string>>): string {
  const { path, labels, fields } = selection
  const parameters = new URLSearchParams({
    ...(labels !== undefined && { labelSelector: labels }),
    ...(fields !== undefined && { fieldSelector: fields }),
    ...query,
  })
  return `${path}?${parameters}`
}
