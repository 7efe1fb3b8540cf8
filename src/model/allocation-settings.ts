/** Where LoadBalancer addresses come from; `auto`: from pools if there are any, else from Nodes. */
export const addressSources = ['auto', 'pools', 'nodes'] as const

type AddressSource = (typeof addressSources)[number]

/** What the operator chose for the allocation of LoadBalancer addresses. */
export interface AllocationSettings {
  readonly addresses: AddressSource
  /** What becomes of an address in use that its pool no longer offers. */
  readonly onPoolChange: 'keep' | 'move'
  /** The classes of Services that get addresses, besides those that name no class. */
  readonly loadBalancerClasses: readonly string[]
  /** A pool is reported once this percentage of its addresses is in use. */
  readonly poolUsageWarning: number
  /** Whether finalizers that other controllers left on Services are removed. */
  readonly adoptFinalizers: boolean
}

export const defaultAllocationSettings: AllocationSettings = {
  addresses: 'auto',
  onPoolChange: 'keep',
  loadBalancerClasses: [],
  poolUsageWarning: 80,
  adoptFinalizers: false,
}
