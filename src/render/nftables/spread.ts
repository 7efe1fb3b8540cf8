import {
  countSet,
  endpointsMap,
  FRONTS,
  type Front,
  REACHES,
  type Reach,
  rangeOf,
  rangeSet,
  type SetId,
  setNamed,
} from '../../ruleset/nftables/sets.ts'
import type { Chain, Rule, Statement } from '../../ruleset/nftables/types.ts'
import { byClientChain, recallRules } from './affinity.ts'
import { chain, frontKey, hasPorts, inSet, rule } from './rule-parts.ts'

/**
 * Makes one rule for each range of large numbers of endpoints, and one for each small number in use. The
 * last rule serves frontends with a single endpoint, and a packet that meets a commit half way: slot 0
 * exists before and after.
 */
export function spread(front: Front, reach: Reach, sets: readonly string[]): readonly Rule[] {
  const place = { front, reach }
  const key = frontKey(front)
  return [
    ...recallRules(front, reach, sets),
    ...rangesIn(sets, place).map((most) =>
      rule(inSet(key, rangeSet(front, reach, most)), {
        kind: 'jump',
        chain: rangeChain(place, most),
      }),
    ),
    ...byCount('random', place, inRange(allCounts(sets, place), undefined)),
    rule(hasPorts, dnat('random', place, 1)),
  ]
}

/**
 * Returns the chains for ranges of counts. Where many counts of a range are in use, looking for them one
 * after another would take long. So slots are drawn as if the frontend had as many as the largest count of
 * the range: more than a quarter of them are taken, and each is as likely as the next. If the slot is
 * empty, the rule does not match, and the next one draws anew. Only for packets that find no slot is the
 * count looked up.
 */
export function rangeChains(sets: readonly string[]): readonly Chain[] {
  return PLACES.flatMap((place) => {
    const all = allCounts(sets, place)
    return rangesIn(sets, place).map((most) => {
      const counts = inRange(all, most)
      const draws = counts.length > FEW ? DRAWS : 0
      return chain(rangeChain(place, most), [
        ...Array.from({ length: draws }, () => rule(hasPorts, dnat('random', place, most))),
        ...byCount('random', place, counts),
      ])
    })
  })
}

/** So many lookups take no longer than draws do. */
const FEW = 4

/** Those who have found no slot by now are few, and their lookups cost as much as another draw. */
const DRAWS = 6

/** Returns the chains that choose by the client's address. */
export function byClient(sets: readonly string[]): readonly Chain[] {
  return PLACES.map((place) =>
    chain(byClientChain(place.front, place.reach), [
      ...byCount('client-hash', place, allCounts(sets, place)),
      rule(hasPorts, dnat('client-hash', place, 1)),
    ]),
  )
}

interface Place {
  readonly front: Front
  readonly reach: Reach
}

const PLACES: readonly Place[] = FRONTS.flatMap((front) =>
  REACHES.map((reach) => ({ front, reach })),
)

type Choice = 'random' | 'client-hash'

function byCount(
  kind: Choice,
  { front, reach }: Place,
  counts: readonly number[],
): readonly Rule[] {
  return counts.map((count) =>
    rule(
      inSet(frontKey(front), countSet(front, reach, count)),
      hasPorts,
      dnat(kind, { front, reach }, count),
    ),
  )
}

function dnat(kind: Choice, { front, reach }: Place, modulus: number): Statement {
  return {
    kind: 'dnat',
    key: [...frontKey(front), { kind, modulus }],
    map: endpointsMap(front, reach),
  }
}

function inRange(counts: readonly number[], range: number | undefined): readonly number[] {
  return counts.filter((count) => rangeOf(count) === range)
}

/** Returns the numbers of endpoints for which there is a `countSet`, in order. */
function allCounts(sets: readonly string[], place: Place): readonly number[] {
  return numbersIn(sets, place, (id) => (id.kind === 'counted' ? id.count : []))
}

/** Returns the ranges for which there is a `rangeSet`, in order. */
function rangesIn(sets: readonly string[], place: Place): readonly number[] {
  const ranges = numbersIn(sets, place, (id) => (id.kind === 'range' ? id.most : []))
  return ranges.filter((most) => most === rangeOf(most))
}

type Numbered = Extract<SetId, { readonly kind: 'counted' | 'range' }>

function numbersIn(
  sets: readonly string[],
  { front, reach }: Place,
  numberOf: (id: Numbered) => number | readonly [],
): readonly number[] {
  return sets
    .map(setNamed)
    .filter((id) => id?.kind === 'counted' || id?.kind === 'range')
    .filter((id) => id.front === front && id.reach === reach)
    .flatMap(numberOf)
    .sort((a, b) => a - b)
}

/** Names the chain that `spread` gives the rules for. */
export function spreadChain(front: Front, reach: Reach): string {
  return `spread${front === 'vip' ? '' : '-node-port'}${reach === 'cluster' ? '' : '-local'}`
}

function rangeChain({ front, reach }: Place, most: number): string {
  return `${spreadChain(front, reach)}-to-${most}`
}
