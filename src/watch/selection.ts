import type { Resource } from './source.ts'

/** Which objects of a resource are asked for. */
export interface Selection {
  readonly path: string
  readonly labels?: string
  readonly fields?: string
  /** For servers that answer 400 to this one. */
  readonly instead?: Selection
}

/**
 * As kube-proxy 1.36 asks (cmd/kube-proxy/app/server.go), so that the server keeps headless
 * Services and those of other proxies to itself. Slices carry the labels of their Service. Without a
 * `node` all Nodes are asked for.
 */
export function selectionOf(resource: Resource, node: string | undefined): Selection {
  switch (resource) {
    case 'services': {
      const instead = {
        path: '/api/v1/services',
        labels: '!service.kubernetes.io/service-proxy-name',
      }
      // Kubernetes 1.31 and later.
      return { ...instead, fields: 'spec.clusterIP!=None', instead }
    }
    case 'endpointslices':
      return {
        path: '/apis/discovery.k8s.io/v1/endpointslices',
        labels: '!service.kubernetes.io/headless,!service.kubernetes.io/service-proxy-name',
      }
    case 'nodes':
      return { path: '/api/v1/nodes', ...(node && { fields: `metadata.name=${node}` }) }
  }
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
