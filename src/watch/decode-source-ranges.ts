import type { FieldReader } from '../decode/field-reader.ts'
import { readCidr, text, valueAt } from '../decode/fields.ts'
import { joinPath } from '../decode/problem.ts'
import type { ServiceObject } from '../model/service.ts'

const rangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges'

const annotationSchema = text.nullish()

interface WhereRanges {
  readonly metadata: { readonly annotations?: unknown }
  readonly spec: { readonly loadBalancerSourceRanges?: unknown }
}

type Guarded = Pick<ServiceObject, 'sourceRanges' | 'loadBalancerAddresses'> &
  Pick<Partial<ServiceObject>, 'rangesUnread'>

/**
 * Returns the ranges of clients that may use the load-balancer addresses. If a range cannot be
 * read, the ranges of the version before apply; without such a version, only the readable ranges.
 * Access is never widened.
 */
export function readSourceRanges(
  read: WhereRanges,
  { loadBalancerAddresses }: ServiceObject,
  former: ServiceObject | undefined,
  reader: FieldReader,
): Guarded {
  const found = rangesIn(read, reader)
  const cidrs = found?.values.map((value, i) => {
    return readCidr(value, joinPath(found.path, i), reader.report)
  })
  const sourceRanges = [...new Set((cidrs ?? []).filter((cidr) => cidr !== undefined))]
  if (cidrs !== undefined && !cidrs.includes(undefined)) {
    return { sourceRanges, loadBalancerAddresses }
  }
  reader.noteUnread()
  if (former === undefined || former.rangesUnread || former.loadBalancerAddresses.length === 0) {
    return { sourceRanges, loadBalancerAddresses, rangesUnread: true }
  }
  const known = loadBalancerAddresses.filter((each) => former.loadBalancerAddresses.includes(each))
  const open = former.sourceRanges.length === 0
  return {
    sourceRanges: former.sourceRanges,
    // Addresses that were open stay open, but nothing new is opened: another address has to wait.
    loadBalancerAddresses: open ? known : loadBalancerAddresses,
  }
}

/**
 * Returns the ranges in the field, or else in the annotation that it replaced; undefined if that is
 * no list.
 */
function rangesIn({ metadata, spec }: WhereRanges, reader: FieldReader) {
  const path = 'spec.loadBalancerSourceRanges'
  const field = reader.list(spec.loadBalancerSourceRanges, path)
  if (field === undefined) return undefined
  if (field.length > 0) return { values: field, path }
  const { annotations } = metadata
  const annotationPath = joinPath('metadata.annotations', rangesAnnotation)
  if (annotations !== undefined && annotations !== null && typeof annotations !== 'object') {
    reader.report.error('metadata.annotations', annotations, 'an object')
    return undefined
  }
  const value = valueAt(annotations, [rangesAnnotation])
  const annotation = reader.read(value, annotationSchema, annotationPath, false as const)
  if (annotation === false) return undefined
  const listed = (annotation ?? '').trim()
  return { values: listed === '' ? [] : listed.split(','), path: annotationPath }
}
