import * as z from 'zod'
import type { AudienceRule, NamespaceRule } from '../../allocate/pool-objects.ts'
import type { LabelSelector } from '../../model/label-selector.ts'
import { type Entries, readNames, readSelectors } from '../entries.ts'
import { FieldReader } from '../field-reader.ts'
import { anything, fields, readField } from '../fields.ts'
import { joinPath, type Report } from '../problem.ts'

const allocationSchema = fields({
  priority: anything,
  namespaces: anything,
  namespaceSelectors: anything,
  serviceSelectors: anything,
})

const priority = z.int({ error: 'a whole number' }).nullish()

/** What is left of a rule that cannot be read: the pool stays shut rather than open to all. */
const CLOSED: AudienceRule = {
  priority: 0,
  namespaces: { names: [], selectors: [] },
  services: [],
  unread: true,
}

/**
 * Reads spec.serviceAllocation of an IPAddressPool; undefined if there is none. A bad entry is
 * reported and left out, and lists without an entry that can be read admit no Service.
 */
export function readAudience(
  value: unknown,
  path: string,
  report: Report,
): AudienceRule | undefined {
  const read = readField(allocationSchema.nullish(), value, path, report)
  if (read === undefined) return CLOSED
  if (read.value === undefined || read.value === null) return undefined
  const found = read.value
  const reader = new FieldReader(report)
  const at = (field: keyof typeof found): string => joinPath(path, field)
  const names = readNames(found.namespaces, at('namespaces'), reader)
  const selectors = readSelectors(found.namespaceSelectors, at('namespaceSelectors'), reader)
  const services = readSelectors(found.serviceSelectors, at('serviceSelectors'), reader)
  const rank = reader.read(found.priority, priority, at('priority'), 0) ?? 0
  const namespaces = namespaceRule(names, selectors)
  const admitsNone = namespaces?.names.length === 0 && namespaces.selectors.length === 0
  const unread = admitsNone || (services.asked && services.entries.length === 0)
  if (unread) return { ...CLOSED, priority: rank }
  return { priority: rank, namespaces, services: services.entries }
}

function namespaceRule(
  names: Entries<string>,
  selectors: Entries<LabelSelector>,
): NamespaceRule | undefined {
  if (!names.asked && !selectors.asked) return undefined
  return { names: names.entries, selectors: selectors.entries }
}
