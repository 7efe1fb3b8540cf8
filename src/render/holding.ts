import { present } from '../model/present.ts'
import type { Tuple } from '../model/tuple.ts'
import { sameValue } from '../ruleset/nftables/same-value.ts'
import type { ElementValue } from '../ruleset/nftables/types.ts'
import { type Assembly, type Place, put, take } from './assembly.ts'
import type { Fragment } from './fragment.ts'
import { addIpvsFragment, type IpvsHolding, removeIpvsFragment } from './ipvs/assembly.ts'
import type { Contribution } from './nftables/emit.ts'

/** What a fragment holds in the assembly, without values; `keys[i]` is in `places[i]`. */
export interface Holding {
  readonly places: readonly Place[]
  readonly keys: readonly Tuple[]
  readonly ipvs: IpvsHolding | undefined
}

/** What a Service holds, and what it is to hold; undefined if nothing. */
interface Replacement {
  readonly holding: Holding | undefined
  readonly fragment: Fragment | undefined
}

/** Adds a fragment; returns what it holds, so the fragment need not be kept. */
export function addFragment(assembly: Assembly, fragment: Fragment): Holding {
  return add(assembly, NOTHING, { fragment, stays: NOTHING_STAYS })
}

const NOTHING: Holding = { places: [], keys: [], ipvs: undefined }

/**
 * Puts fragments in the place of what is held; returns what each holds then, undefined if nothing.
 * What is the same in both is not touched. All removals go before all additions: an address that
 * changes hands is never in twice.
 */
export function replaceFragments(
  assembly: Assembly,
  replacements: readonly Replacement[],
): readonly (Holding | undefined)[] {
  const steps = replacements.map(({ holding = NOTHING, fragment }) => {
    return { holding, fragment, stays: fragment ? staysOf(holding, fragment) : NOTHING_STAYS }
  })
  for (const { holding, stays } of steps) remove(assembly, holding, stays)
  return steps.map(({ holding, fragment, stays }) => {
    return fragment && add(assembly, holding, { fragment, stays })
  })
}

/** How much of a holding is not touched: so many of its first and of its last things. */
interface Stays {
  readonly first: number
  readonly last: number
}

const NOTHING_STAYS: Stays = { first: 0, last: 0 }

function staysOf(holding: Holding, { elements }: Fragment): Stays {
  const { keys } = holding
  const most = Math.min(keys.length, elements.length)
  let first = 0
  while (first < most && isHeld(holding, first, present(elements[first]))) first++
  let last = 0
  while (last < most - first) {
    if (!isHeld(holding, keys.length - 1 - last, present(elements.at(-1 - last)))) break
    last++
  }
  return { first, last }
}

function isHeld({ places, keys }: Holding, at: number, wanted: Contribution): boolean {
  const { key } = wanted
  if (keys[at] !== key) return false
  const place = present(places[at])
  if (place.family !== wanted.family || place.set !== wanted.set) return false
  if (wanted.kind === 'slots') return place.slots.values.get(key) === wanted.slots
  // Of several values that are wanted for a key, the first one counts: their order matters.
  const isOrdered = place.shared.has(key) && !sameValue(wanted.value, NO_VALUE)
  return !isOrdered && sameValue(place.values.get(key), wanted.value)
}

const NO_VALUE: ElementValue = {}

/** Removes what does not stay, except what other fragments want too. */
function remove(assembly: Assembly, { places, keys, ipvs }: Holding, stays: Stays): void {
  for (let at = stays.first; at < keys.length - stays.last; at++) {
    take(assembly, present(places[at]), present(keys[at]))
  }
  if (ipvs !== undefined) removeIpvsFragment(assembly.ipvs, ipvs, assembly.recording)
}

/** Adds what is not held yet. */
function add(
  assembly: Assembly,
  { places, keys }: Holding,
  { fragment, stays: { first, last } }: { readonly fragment: Fragment; readonly stays: Stays },
): Holding {
  const { elements, ipvs } = fragment
  const kept = elements.length - last
  const end = keys.length - last
  const used: Place[] = []
  for (const [at, each] of elements.entries()) {
    const held = at < first ? places[at] : at < kept ? undefined : places[end + at - kept]
    used.push(held ?? put(assembly, each))
  }
  return {
    places: shared(assembly, used),
    keys: elements.map(({ key }) => key),
    ipvs: ipvs && addIpvsFragment(assembly.ipvs, ipvs, assembly.recording),
  }
}

/** Returns one list for the same places: Services of one kind often follow each other. */
function shared(assembly: Assembly, places: readonly Place[]): readonly Place[] {
  const { lastPlaces: last } = assembly
  if (isSame(last, places)) return last
  assembly.lastPlaces = places
  return places
}

function isSame(a: readonly Place[], b: readonly Place[]): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}
