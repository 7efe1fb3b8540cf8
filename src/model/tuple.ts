import type { Brand } from './brand.ts'

/**
 * Canonical texts joined to one, as nft prints an element: `10.96.0.10 . tcp . 80`. Tuples are
 * equal if their texts are. In interval sets the last field may be a prefix (`10.0.0.0/8`) or a
 * range (`10.0.0.1-10.0.0.9`), in canonical form: a single address has no length, and a range that
 * is a prefix is written as one.
 */
export type Tuple = Brand<string, 'Tuple'>

/** The text between two fields. */
export const SEPARATOR = ' . '

/**
 * Joins fields. It uses `join`, because V8 keeps the parts of a template beside its text once that
 * is used, and there are some hundred thousand tuples.
 */
export function tuple(...fields: readonly (string | number)[]): Tuple {
  return fields.join(SEPARATOR) as Tuple
}

/** Returns the fields that `tuple` joined. */
export function fieldsOf(joined: Tuple): readonly string[] {
  return joined.split(SEPARATOR)
}

/** Returns the first `count` fields, joined; the tuple itself if it has no more. */
export function firstFields(joined: Tuple, count: number): Tuple {
  let end = -1
  for (let field = 0; field < count; field++) {
    end = joined.indexOf(SEPARATOR, end + 1)
    if (end < 0) return joined
  }
  return joined.slice(0, end) as Tuple
}

/** Returns the last `count` fields, joined; the tuple itself if it has no more. */
export function lastFields(joined: Tuple, count: number): Tuple {
  let start = joined.length
  for (let field = 0; field < count; field++) {
    start = joined.lastIndexOf(SEPARATOR, start - 1)
    if (start < 0) return joined
  }
  return joined.slice(start + SEPARATOR.length) as Tuple
}

/** Returns all but the last `count` fields, joined; an empty tuple if it has no more. */
export function withoutLastFields(joined: Tuple, count: number): Tuple {
  const length = joined.length - lastFields(joined, count).length - SEPARATOR.length
  return joined.slice(0, Math.max(0, length)) as Tuple
}
