import type { AnnounceProblem } from '../eligibility.ts'
import type { Advertisement, LabelledPool } from '../objects.ts'
import type { BgpConfiguration } from './objects.ts'

/** What a ConfigMap of MetalLB up to 0.12 says, as the objects that came after it. */
export interface OldConfiguration {
  /** The ConfigMap, as `namespace/name`. */
  readonly object: string
  readonly pools: readonly LabelledPool[]
  /** One for each pool of layer 2. */
  readonly advertisements: readonly Advertisement[]
  readonly bgp: Pick<BgpConfiguration, 'peers' | 'advertisements' | 'bfdProfiles' | 'communities'>
}

/** All such ConfigMaps: those that count, and the names of those that do not. */
export interface OldConfigurations {
  readonly counting: readonly OldConfiguration[]
  readonly superseded: readonly string[]
}

/** Where there is an IPAddressPool they do not count, as in an allocation: a migration left them. */
export function countedOld(
  all: readonly OldConfiguration[],
  pools: readonly LabelledPool[],
): OldConfigurations {
  if (pools.length === 0) return { counting: all, superseded: [] }
  return { counting: [], superseded: all.map(({ object }) => object) }
}

/** Adds what ConfigMaps say to what objects say. */
export function withOld(
  configuration: BgpConfiguration,
  { counting, superseded }: OldConfigurations,
): BgpConfiguration {
  const { peers, advertisements, bfdProfiles, communities, secrets } = configuration
  return {
    peers: [...peers, ...counting.flatMap(({ bgp }) => bgp.peers)],
    advertisements: [...advertisements, ...counting.flatMap(({ bgp }) => bgp.advertisements)],
    bfdProfiles: [...bfdProfiles, ...counting.flatMap(({ bgp }) => bgp.bfdProfiles)],
    communities: [...communities, ...counting.flatMap(({ bgp }) => bgp.communities)],
    ...{ secrets, superseded },
  }
}

/** Returns what is said of ConfigMaps that do not count. */
export function supersededProblems(superseded: readonly string[]): readonly AnnounceProblem[] {
  return superseded.map((name) => ({
    object: `ConfigMap/${name}`,
    message: 'what it says of BGP does not count, because there are IPAddressPools: remove it',
  }))
}
