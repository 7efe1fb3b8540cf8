import type { Labels } from '../../model/label-selector.ts'

/** The annotations of MetalLB that say which address a Service gets. */
export const metallbNames = [
  'loadBalancerIPs',
  'address-pool',
  'allow-shared-ip',
  'ip-allocated-from-pool',
] as const

type MetallbName = (typeof metallbNames)[number]

/** The present prefix, and the one of older releases, which MetalLB reads as well. */
export const metallbPrefixes = ['metallb.io/', 'metallb.universe.tf/'] as const

/** A new value of the first asks for new addresses; the second has the value that was done last. */
export const renewAnnotation = 'nodelb.io/renew'
export const renewedAnnotation = 'nodelb.io/renewed'

/**
 * The addresses that nodelb gave, with commas between them. With it an address that another program
 * wrote beside the mark of a pool is distinguished from one that the pool no longer has. MetalLB leaves none.
 */
export const allocatedAnnotation = 'nodelb.io/allocated'

/** k3s ServiceLB chooses Nodes by labels, and Pods of a Service may tolerate more taints. */
export const lbpoolLabel = 'svccontroller.k3s.cattle.io/lbpool'
export const tolerationsAnnotation = 'svccontroller.k3s.cattle.io/tolerations'

interface Annotation {
  readonly key: string
  readonly value: string
}

/**
 * Returns an annotation of MetalLB; undefined if there is none or it is empty. The present prefix
 * wins where its key is there, even if its value is empty.
 */
export function metallbAnnotation(annotations: Labels, name: MetallbName): Annotation | undefined {
  const key = metallbPrefixes.map((prefix) => prefix + name).find((each) => annotations.has(each))
  const value = key && annotations.get(key)
  return key && value ? { key, value } : undefined
}
