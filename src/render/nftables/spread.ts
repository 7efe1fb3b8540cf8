import {
  countSet,
  endpointsMap,
  FRONTS,
  type Front,
  REACHES,
  type Reach,
  setNamed,
} from '../../ruleset/nftables/sets.ts'
import type { Chain, Rule, Statement } from '../../ruleset/nftables/types.ts'
import { byClientChain, recallRules } from './affinity.ts'
import { chain, frontKey, hasPorts, inSet, rule } from './rule-parts.ts'

/**
 * Makes one rule for each number of endpoints in use. The last rule serves frontends with a single
 * endpoint, and a packet that meets a commit half way: slot 0 exists before and after.
 */
export function spread(front: Front, reach: Reach, sets: readonly string[]): readonly Rule[] {
  return [...recallRules(front, reach, sets), ...draw('random', front, reach, sets)]
}

/** Returns the chains that choose by the client's address. */
export function byClient(sets: readonly string[]): readonly Chain[] {
  return FRONTS.flatMap((front) =>
    REACHES.map((reach) =>
      chain(byClientChain(front, reach), draw('client-hash', front, reach, sets)),
    ),
  )
}

function draw(
  kind: 'random' | 'client-hash',
  front: Front,
  reach: Reach,
  sets: readonly string[],
): readonly Rule[] {
  const key = frontKey(front)
  const map = endpointsMap(front, reach)
  const dnat = (modulus: number): Statement => ({
    kind: 'dnat',
    key: [...key, { kind, modulus }],
    map,
  })
  return [
    ...countsIn(sets, front, reach).map((count) =>
      rule(inSet(key, countSet(front, reach, count)), hasPorts, dnat(count)),
    ),
    rule(hasPorts, dnat(1)),
  ]
}

/** Returns the numbers of endpoints for which there is a `countSet`, in order. */
function countsIn(sets: readonly string[], front: Front, reach: Reach): readonly number[] {
  return sets
    .map(setNamed)
    .flatMap((id) =>
      id?.kind === 'counted' && id.front === front && id.reach === reach ? id.count : [],
    )
    .sort((a, b) => a - b)
}

/** Names the chain that `spread` gives the rules for. */
export function spreadChain(front: Front, reach: Reach): string {
  return `spread${front === 'vip' ? '' : '-node-port'}${reach === 'cluster' ? '' : '-local'}`
}
