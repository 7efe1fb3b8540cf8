import type { FieldReader } from '../decode/field-reader.ts'
import { readCidr, text, valueAt } from '../decode/fields.ts'
import { joinPath } from '../decode/problem.ts'
import type { ServiceObject } from '../model/service.ts'

const rangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges'

interface WhereRanges {
  readonly metadata: { readonly annotations?: unknown }
  readonly spec: { readonly loadBalancerSourceRanges?: unknown }
}

type Guarded = Pick<ServiceObject, 'sourceRanges' | 'loadBalancerAddresses'> &
  Pick<Partial<ServiceObject>, 'rangesUnread'>

/**
 * Who may come to the load-balancer addresses. With a range that cannot be read it is who could come
 * before, and without a version before who stands in the others: never more.
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
    // What is open stays so, but nothing is opened: another address waits.
    loadBalancerAddresses: open ? known : loadBalancerAddresses,
  }
}

/** The field, or else the annotation it replaced; undefined where that is no list of anything. */
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
  const annotation = reader.read(value, text.nullish(), annotationPath, false as const)
  if (annotation === false) return undefined
  const listed = (annotation ?? '').trim()
  return { values: listed === '' ? [] : listed.split(','), path: annotationPath }
}
