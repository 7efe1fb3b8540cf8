import { clusterIdentity, namespacedIdentity } from './identity-schemas.ts'
import type { ResourceRow } from './resource-row.ts'

/** What tells how nodelb fares in a cluster. No decision follows from it. */
export type ToldResource =
  | 'agent-pods'
  | 'controller-leases'
  | 'servicel2statuses'
  | 'servicebgpstatuses'
  | 'nodelbnodestatuses'
  | 'warning-events'

const namespaced = { namespaced: true, identity: namespacedIdentity } as const
const ofMetallb = { ...namespaced, apiVersion: 'metallb.io/v1beta1', mayBeMissing: true } as const

/** One row for each of them. */
export const toldResources: { readonly [R in ToldResource]: ResourceRow } = {
  'agent-pods': {
    apiVersion: 'v1',
    kind: 'Pod',
    plural: 'pods',
    labels: 'app.kubernetes.io/name=nodelb',
    ...namespaced,
  },
  'controller-leases': {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    plural: 'leases',
    fields: 'metadata.name=nodelb-controller',
    ...namespaced,
  },
  servicel2statuses: { kind: 'ServiceL2Status', plural: 'servicel2statuses', ...ofMetallb },
  servicebgpstatuses: { kind: 'ServiceBGPStatus', plural: 'servicebgpstatuses', ...ofMetallb },
  nodelbnodestatuses: {
    apiVersion: 'nodelb.io/v1alpha1',
    kind: 'NodelbNodeStatus',
    plural: 'nodelbnodestatuses',
    namespaced: false,
    identity: clusterIdentity,
    mayBeMissing: true,
  },
  'warning-events': {
    apiVersion: 'v1',
    kind: 'Event',
    plural: 'events',
    fields: 'type=Warning',
    ...namespaced,
  },
}

/** Returns whether objects of this kind only tell how nodelb fares. */
export function isToldResource(resource: string): resource is ToldResource {
  return Object.hasOwn(toldResources, resource)
}
