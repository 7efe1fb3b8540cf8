import { namespacedIdentity } from './identity-schemas.ts'
import type { ResourceRow } from './resource-row.ts'

/** The kinds of objects by which addresses are announced by BGP, besides those of layer 2. */
export type BgpResource =
  | 'bgppeers'
  /** The same kind in its former version, which manifests may have. */
  | 'bgppeers-v1beta1'
  | 'bgpadvertisements'
  | 'bfdprofiles'
  | 'communities'
  /** The Secrets with the passwords of sessions. */
  | 'secrets'

const ofMetallb = { namespaced: true, identity: namespacedIdentity, mayBeMissing: true } as const

/** One row for each of them. */
export const bgpResources: { readonly [R in BgpResource]: ResourceRow } = {
  bgppeers: {
    apiVersion: 'metallb.io/v1beta2',
    kind: 'BGPPeer',
    plural: 'bgppeers',
    ...ofMetallb,
  },
  'bgppeers-v1beta1': {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'BGPPeer',
    plural: 'bgppeers',
    ...ofMetallb,
  },
  bgpadvertisements: {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'BGPAdvertisement',
    plural: 'bgpadvertisements',
    ...ofMetallb,
  },
  bfdprofiles: {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'BFDProfile',
    plural: 'bfdprofiles',
    ...ofMetallb,
  },
  communities: {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'Community',
    plural: 'communities',
    ...ofMetallb,
  },
  secrets: {
    apiVersion: 'v1',
    kind: 'Secret',
    namespaced: true,
    plural: 'secrets',
    identity: namespacedIdentity,
  },
}

export const BGP_RESOURCES: readonly BgpResource[] = [
  'bgppeers',
  'bgppeers-v1beta1',
  'bgpadvertisements',
  'bfdprofiles',
  'communities',
  'secrets',
]

/** Returns whether objects of this kind are read for BGP alone. */
export function isBgpResource(resource: string): resource is BgpResource {
  return Object.hasOwn(bgpResources, resource)
}
