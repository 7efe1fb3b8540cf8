import type { ListEnvelope } from './document-part.ts'
import { valueAt } from './fields.ts'

/**
 * Returns what a List is, by the fields that stand before its items. kubectl sorts fields, so that the
 * kind comes after the items: what it prints is a List of API version v1. Undefined if this is no List.
 */
export function assumedEnvelope(fields: unknown): ListEnvelope | undefined {
  const { apiVersion = 'v1', kind = 'List' } = typesIn(fields)
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return undefined
  return kind.endsWith('List') ? { apiVersion, kind } : undefined
}

/** Returns whether all fields of a List, without its items, say what was assumed. */
export function isEnvelope(fields: unknown, { apiVersion, kind }: ListEnvelope): boolean {
  const found = typesIn(fields)
  const items = valueAt(fields, ['items'])
  const isEmpty = Array.isArray(items) && items.length === 0
  return isEmpty && found.apiVersion === apiVersion && found.kind === kind
}

function typesIn(fields: unknown): { readonly apiVersion?: unknown; readonly kind?: unknown } {
  return { apiVersion: valueAt(fields, ['apiVersion']), kind: valueAt(fields, ['kind']) }
}
