import type { Config } from './config.ts'

/** A value of the configuration, as a person writes it; null if there is none. */
export type Value = string | number | boolean | null | readonly (string | number)[]

/** What may stand in a field. */
export type FieldKind =
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  | { readonly kind: 'flag' }
  | { readonly kind: 'count'; readonly least: number; readonly most: number }
  /** In milliseconds; `words` say what another field has to do with it. */
  | {
      readonly kind: 'duration'
      readonly least: number
      readonly most: number
      readonly words?: string
    }
  /** The pattern says what a text looks like; whether it is an address, say, is for its reader. */
  | { readonly kind: 'text'; readonly words: string; readonly pattern?: string }
  | { readonly kind: 'list'; readonly words: string; readonly item: ItemKind }

type ItemKind = 'port' | { readonly pattern?: string }

/** A field of a NodelbConfiguration. */
export interface Field {
  /** Its name, with those of the objects around it: `announce.layer2.hold`. */
  readonly path: string
  readonly value: FieldKind
  /** The default in words, if it is not one value. */
  readonly otherwise?: string
  /** What it does, in a sentence that editors show. */
  readonly meaning: string
  /** Returns the value that is in force. */
  readonly of: (config: Config) => Value
}

export const flagKind: FieldKind = { kind: 'flag' }

/** Returns the kind of a field that takes one of the words. */
export function choice(...of: readonly string[]): FieldKind {
  return { kind: 'choice', of }
}

/** Returns the kind of a duration with these limits in milliseconds. */
export function duration(least: number, most: number, words?: string): FieldKind {
  return { kind: 'duration', least, most, ...(words !== undefined && { words }) }
}

/** Returns the kind of a whole number with these limits. */
export function whole(least: number, most: number): FieldKind {
  return { kind: 'count', least, most }
}
