import { valueAt } from '../fields.ts'

/** The names of all entries of a list, good and bad ones; undefined if they cannot be told. */
type Listed = readonly string[] | undefined

/** Returns the names in a list of the old ConfigMap; `unnamed` gives that of an entry without one, by its number from 0. */
export function listedIn(value: unknown, unnamed?: (at: number) => string): Listed {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) return undefined
  const names = value.map(
    (entry: unknown, at): unknown => valueAt(entry, ['name']) ?? unnamed?.(at),
  )
  return names.every((name) => typeof name === 'string') ? names : undefined
}

/**
 * Returns the entries that could be read, with the former version of those that are listed and could not be
 * (ADR 0010). Where it cannot be told which are listed, none counts as gone.
 */
export function withFormer<Entry extends { readonly name: string }>(
  read: readonly Entry[],
  former: readonly Entry[] = [],
  listed: Listed,
): readonly Entry[] {
  const names = new Set(read.map(({ name }) => name))
  const stays = ({ name }: Entry): boolean =>
    !names.has(name) && (listed === undefined || listed.includes(name))
  return [...read, ...former.filter(stays)]
}
