import type { Allocation } from '../../src/allocate/allocation.ts'
import type { CandidateNode, NodeClaimant } from '../../src/allocate/nodes-world.ts'
import type { Address, Port } from '../../src/model/address.ts'

/** Returns a ready Node without labels or taints, but for what is given. */
export function nodeOf(
  name: string,
  internal: readonly string[],
  more: Partial<Omit<CandidateNode, 'external' | 'labels'>> & {
    readonly external?: readonly string[]
    readonly labels?: Readonly<Record<string, string>>
  } = {},
): CandidateNode {
  const { external = [], labels = {}, ...rest } = more
  return {
    name,
    taints: [],
    ready: true,
    ...rest,
    labels: new Map(Object.entries(labels)),
    internal: internal as readonly Address[],
    external: external as readonly Address[],
  }
}

/** Returns a Service with TCP port 80 that holds nothing, but for what is given. */
export function claimantOf(
  name: string,
  more: Partial<Omit<NodeClaimant, 'sharing' | 'held'>> & {
    readonly ports?: readonly number[]
    readonly held?: readonly string[]
  } = {},
): NodeClaimant {
  const { ports = [80], held = [], ...rest } = more
  return {
    namespace: 'shop',
    name,
    created: '2026-01-01T00:00:00Z',
    families: ['ipv4'],
    ...{ renewing: false, leaving: false },
    lbpool: undefined,
    tolerations: [],
    podNodes: undefined,
    ...rest,
    sharing: {
      key: undefined,
      ports: ports.map((port) => ({ protocol: 'tcp', port: port as Port })),
      backend: '',
    },
    held: held.map((address) => ({ address: address as Address, pool: undefined })),
  }
}

/** Returns the claimants as they are once their statuses are written. */
export function written(
  claimants: readonly NodeClaimant[],
  { grants }: Allocation,
): readonly NodeClaimant[] {
  return claimants.map((claimant) => ({
    ...claimant,
    held: grants.find((each) => isSame(each, claimant))?.addresses ?? [],
  }))
}

export function isSame(
  a: Pick<NodeClaimant, 'namespace' | 'name'>,
  b: Pick<NodeClaimant, 'namespace' | 'name'>,
): boolean {
  return a.namespace === b.namespace && a.name === b.name
}
