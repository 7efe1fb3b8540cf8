import { type Address, cidrRange, familyOf, toBigInt } from '../../model/address.ts'
import { lastFields, type Tuple, tuple, withoutLastFields } from '../../model/tuple.ts'
import { unreachable } from '../../model/unreachable.ts'
import type { ElementValue, Field } from '../../ruleset/nftables/types.ts'
import type { FoundElement, Ground, State } from './state.ts'

/**
 * Returns the key that the fields of the packet make; undefined if the packet lacks a field.
 * `drawn` is the number that a random or hash field has.
 */
export function keyOf(fields: readonly Field[], state: State, drawn = 0): Tuple | undefined {
  const parts = fields.map((field) => fieldOf(field, state, drawn))
  return parts.includes(undefined) ? undefined : tuple(...(parts as (string | number)[]))
}

function fieldOf(field: Field, state: State, drawn: number): string | number | undefined {
  switch (field.kind) {
    case 'saddr':
      return state.source
    case 'daddr':
      return state.destination
    case 'l4proto':
      return state.original.protocol
    case 'dport':
      return state.port
    case 'original-daddr':
      return state.original.to
    case 'original-dport':
      return state.original.port
    case 'random':
    case 'client-hash':
      return drawn
    default:
      return unreachable(field)
  }
}

/** Returns the element of a set or map that holds the key; undefined if there is none. */
export function find(
  { table }: Ground,
  { clients }: State,
  set: string,
  key: Tuple | undefined,
): FoundElement | undefined {
  if (key === undefined) return undefined
  const schema = table.sets.get(set)
  if (schema?.learned !== undefined) {
    return clients.get(set)?.has(key) ? { set, key, value: {} } : undefined
  }
  const elements = table.elements.get(set)
  const value = elements?.get(key)
  if (value !== undefined) return { set, key, value }
  return schema?.interval && elements ? findInterval(elements, set, key) : undefined
}

/** The last field of an interval set's element is a prefix or a range (see `Tuple`). */
function findInterval(
  elements: ReadonlyMap<Tuple, ElementValue>,
  set: string,
  key: Tuple,
): FoundElement | undefined {
  const before = withoutLastFields(key, 1)
  const address = lastFields(key, 1) as string as Address
  for (const [each, value] of elements) {
    if (withoutLastFields(each, 1) !== before) continue
    if (holds(lastFields(each, 1), address)) return { set, key: each, value }
  }
  return undefined
}

function holds(interval: string, address: Address): boolean {
  const [first = '', last] = interval.split('-')
  if (familyOf(first as Address) !== familyOf(address)) return false
  const value = toBigInt(address)
  const range = first.includes('/')
    ? cidrRange(first as Parameters<typeof cidrRange>[0])
    : { first: toBigInt(first as Address), last: toBigInt((last ?? first) as Address) }
  return value >= range.first && value <= range.last
}
