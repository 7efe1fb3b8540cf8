import { firstFields, type Tuple, tuple } from '../model/tuple.ts'
import { frontOf } from '../plan/nftables/owners.ts'
import type { IpvsChange } from '../ruleset/ipvs/changes.ts'
import { serverKey } from '../ruleset/ipvs/types.ts'
import { SETS, setNamed } from '../ruleset/nftables/sets.ts'
import type { ElementStep } from '../ruleset/nftables/types.ts'

// What stays only in part would mix two renderings: slots of old endpoints beside those of new ones.

type Element = Pick<ElementStep, 'family' | 'set' | 'key'>

const GUARDS: ReadonlySet<string> = new Set([SETS.restricted, SETS.allowedSources])

/**
 * Returns a text that identifies what stays or changes as one: where a VIP (or node port) leads, or
 * who may come to it.
 */
export function wholeOfElement({ family, set, key }: Element): string {
  return `${family} ${GUARDS.has(set) ? 'guard' : 'way'} ${frontOf(set, key)}`
}

/** Returns what an endpoint needs as it was before: its pod also reaches itself. */
export function neededByElement({ family, set, before }: ElementStep): readonly string[] {
  if (setNamed(set)?.kind !== 'endpoints' || before?.data === undefined) return []
  const pod = firstFields(before.data, 1)
  return [wholeOfElement({ family, set: SETS.hairpin, key: tuple(pod, pod) })]
}

/** Returns a text that identifies a virtual server with its destinations, or an address. */
export function wholeOfIpvs(change: IpvsChange): Tuple {
  return change.kind === 'address' ? tuple(change.address) : serverKey(change.server)
}
