import type { AnnounceProblem, EligibleAddress } from './eligibility.ts'
import type { Advertisement, AnnounceObjects } from './objects.ts'

/** Returns the problem that Services share an address and no Node can announce it for all. */
export function apart({
  address,
  bids,
}: Pick<EligibleAddress, 'address' | 'bids'>): AnnounceProblem {
  const [first, ...others] = bids.map(({ service }) => service)
  return {
    object: `Service/${first}`,
    message: `It shares ${address} with ${others.join(', ')}, and no Node may announce the address for all of them: whichever Node does, connections to some of them fail; give them endpoints on a common Node, or addresses of their own`,
  }
}

/** Returns a problem for each advertisement of a kind that names a pool which is not there. */
export function poolsMissing(
  kind: 'L2Advertisement' | 'BGPAdvertisement',
  { pools, advertisements }: Pools,
): readonly AnnounceProblem[] {
  const known = new Set(pools.map(({ name }) => name))
  return advertisements.flatMap(({ name, pools: rule }) =>
    (rule?.names ?? [])
      .filter((pool) => !known.has(pool))
      .map((pool) => ({
        object: `${kind}/${name}`,
        message: `There is no IPAddressPool ${pool}, which it names; correct the name, or create the pool`,
      })),
  )
}

/** Returns why objects do not say who announces anything; undefined if they do. */
export function whyUnknown({ pools, advertisements }: Pools): string | undefined {
  if (pools.length > 0 || advertisements.length > 0) return undefined
  return 'there is no IPAddressPool and no L2Advertisement among the files, which say who announces what'
}

interface Pools {
  readonly pools: AnnounceObjects['pools']
  readonly advertisements: readonly Pick<Advertisement, 'name' | 'pools'>[]
}
