import { describe } from '../decode/problem.ts'
import { identityOf, keyOf } from './watch-event.ts'

/** The part of a list that has come so far. */
export interface Listing {
  readonly names: Set<string>
  /** The first item that is no object, as text for a problem. */
  nameless: string | undefined
}

/** Returns a list without items. */
export function startListing(): Listing {
  return { names: new Set(), nameless: undefined }
}

/** Adds an item to the list. Returns false if it has no name, and so is no object. */
export function addTo(list: Listing, item: unknown): boolean {
  const identity = identityOf(item)
  if (identity === undefined) {
    list.nameless ??= `an item of a list without a name: ${describe(item)}`
    return false
  }
  list.names.add(keyOf(identity))
  return true
}
