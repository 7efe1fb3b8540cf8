import { addressBits, type IpFamily } from '../../model/address.ts'
import type { AddressRange } from '../../model/address-range.ts'
import { byText } from '../../model/compare-text.ts'
import type { AnnounceProblem } from '../eligibility.ts'
import type { LabelledPool } from '../objects.ts'
import { isForPool } from '../selection.ts'
import type { BgpAdvertisement } from './advertisement.ts'
import type { Community } from './community.ts'
import { type KnownCommunities, knownCommunities } from './community-names.ts'
import type { BgpObjects } from './objects.ts'
import { MOST_COMMUNITIES } from './silence.ts'

/** An advertisement whose communities are known. */
export interface Offer extends Omit<BgpAdvertisement, 'communities'> {
  readonly communities: readonly Community[]
}

/** The advertisements of a pool, in order of name. */
export interface PoolOffers {
  readonly usable: readonly Offer[]
  /** The names of those that have mistakes. */
  readonly unusable: readonly string[]
}

interface Offers {
  readonly of: (pool: LabelledPool) => PoolOffers
  readonly problems: readonly AnnounceProblem[]
}

/** Returns the advertisements of each pool; one with a mistake is reported and stops only itself. */
export function offersOf({
  advertisements,
  communities,
  pools,
}: Pick<BgpObjects, 'advertisements' | 'communities' | 'pools'>): Offers {
  const known = knownCommunities(communities)
  const problems: AnnounceProblem[] = [...known.problems]
  const offers = advertisements.toSorted(byText(({ name }) => name)).map((advertisement) => {
    const offer = offerOf(advertisement, known)
    if ('message' in offer) problems.push(offer)
    return { advertisement, offer: 'message' in offer ? undefined : offer }
  })
  const ofPools = new Map<LabelledPool, PoolOffers>()
  for (const pool of pools) {
    const [usable, unusable]: [Offer[], string[]] = [[], []]
    for (const { advertisement, offer } of offers) {
      if (!isForPool(advertisement.pools, pool)) continue
      const wide = tooWide(advertisement, pool)
      problems.push(...wide)
      if (offer === undefined || wide.length > 0) unusable.push(advertisement.name)
      else usable.push(offer)
    }
    ofPools.set(pool, { usable, unusable })
  }
  return { of: (pool) => ofPools.get(pool) ?? { usable: [], unusable: [] }, problems }
}

/**
 * Without one of its communities a route could go further than it is meant to, so an advertisement
 * is used with all of them or not at all.
 */
function offerOf(
  advertisement: BgpAdvertisement,
  known: KnownCommunities,
): Offer | AnnounceProblem {
  const communities = new Map<string, Community>()
  for (const text of advertisement.communities) {
    const community = known.meaningOf(text)
    if (community === undefined) {
      const found = `found ${JSON.stringify(text)}, expected a community such as 64500:1 or large:64500:1:2, or a name that a Community has`
      return refused(advertisement, `spec.communities: ${found}`)
    }
    communities.set(community.text, community)
  }
  if (communities.size > MOST_COMMUNITIES) {
    const found = `found ${communities.size} communities, expected at most ${MOST_COMMUNITIES}`
    return refused(advertisement, `spec.communities: ${found}`)
  }
  return { ...advertisement, communities: [...communities.values()] }
}

function refused({ name }: BgpAdvertisement, message: string): AnnounceProblem {
  return { object: `BGPAdvertisement/${name}`, message: `${message}; it announces nothing` }
}

const LENGTHS = { ipv4: 'aggregationLength', ipv6: 'aggregationLengthV6' } as const

/** A prefix that is wider than the pool would take addresses that are not the pool's. */
function tooWide(
  { name, lengths }: BgpAdvertisement,
  pool: LabelledPool,
): readonly AnnounceProblem[] {
  const families: readonly IpFamily[] = ['ipv4', 'ipv6']
  return families.flatMap((family) => {
    const ranges = pool.ranges.filter((range) => range.family === family)
    const least = ranges.map(shortestLength).reduce((a, b) => Math.max(a, b), 0)
    if (lengths[family] >= least) return []
    const message = `spec.${LENGTHS[family]}: found ${lengths[family]}, expected at least ${least}, the length of a prefix in IPAddressPool ${pool.name}; it announces nothing of that pool`
    return [{ object: `BGPAdvertisement/${name}`, message }]
  })
}

/** Returns the length of the widest prefix that lies in a range. */
function shortestLength({ family, first, last }: AddressRange): number {
  const bits = addressBits(family)
  for (let length = 0; length < bits; length++) {
    const size = 1n << BigInt(bits - length)
    const start = ((first + size - 1n) / size) * size
    if (start + size - 1n <= last) return length
  }
  return bits
}
