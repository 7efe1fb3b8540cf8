import { valueAt } from '../../src/decode/fields.ts'
import type { ModelKind } from './model-kinds.ts'
import type { Manifest } from './model-objects.ts'

/** The selectors of a request, as they stand in its query. */
export interface Requested {
  readonly labels: string
  readonly fields: string
}

/** Returns which objects are selected; a text if such a field cannot be selected. */
export function selected(
  { selectable }: ModelKind,
  { labels, fields }: Requested,
): ((object: Manifest) => boolean) | string {
  const terms = (text: string): readonly string[] => (text === '' ? [] : text.split(','))
  const known = ['metadata.name', 'metadata.namespace', ...selectable]
  const unknown = terms(fields).find((term) => !known.includes(term.split(/!?=/)[0] ?? ''))
  if (unknown !== undefined) return `field label not supported: ${unknown}`
  return (object) =>
    terms(labels).every((term) => holds(term, (name) => object.metadata.labels?.[name])) &&
    terms(fields).every((term) => holds(term, (path) => valueAt(object, path.split('.')) ?? ''))
}

/** `!a`, `a`, `a=b` or `a!=b`. */
function holds(term: string, found: (name: string) => unknown): boolean {
  const [, not, name = '', sign, value] = /^(!?)([^!=]+)(!?=)?(.*)$/.exec(term) ?? []
  if (sign === undefined) return (found(name) === undefined) === (not === '!')
  return (found(name) === value) === (sign === '=')
}
