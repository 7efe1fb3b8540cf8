import type { PoolObject } from '../../allocate/pool-objects.ts'
import { FieldReader } from '../field-reader.ts'
import {
  anything,
  fields,
  flag,
  nameOf,
  namespaceName,
  objectName,
  parseFields,
  time,
} from '../fields.ts'
import { type Problem, report as startReport } from '../problem.ts'
import { readRanges } from './address-ranges.ts'
import { readAudience } from './audience-rule.ts'

type DecodedPool =
  | { readonly kind: 'pool'; readonly pool: PoolObject; readonly problems: readonly Problem[] }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const poolSchema = fields({
  metadata: fields({
    name: objectName,
    namespace: namespaceName,
    creationTimestamp: anything,
  }),
  spec: fields({
    addresses: anything,
    autoAssign: anything,
    avoidBuggyIPs: anything,
    serviceAllocation: anything,
  }),
})

/**
 * Reads an IPAddressPool (metallb.io/v1beta1). A bad range is reported and left out. What cannot be
 * read opens nothing: the pool then gives less than was meant, never more. It is `invalid` if no
 * range is left.
 */
export function decodeAddressPool(json: unknown, source: string): DecodedPool {
  const report = startReport(source, 'IPAddressPool', nameOf(json, true))
  const { problems } = report
  const read = parseFields(poolSchema, json, '', report)
  if (read === undefined) return { kind: 'invalid', problems }
  const { metadata, spec } = read
  const reader = new FieldReader(report)
  const values = reader.list(spec.addresses, 'spec.addresses')
  if (values?.length === 0) report.error('spec.addresses', spec.addresses, 'at least one range')
  const ranges = readRanges(values ?? [], 'spec.addresses', report)
  if (ranges.length === 0) return { kind: 'invalid', problems }
  const readFlag = (field: 'autoAssign' | 'avoidBuggyIPs', unset: boolean): boolean => {
    return reader.read(spec[field], flag.nullish(), `spec.${field}`, !unset) ?? unset
  }
  const created = reader.read(metadata.creationTimestamp, time.nullish(), CREATED, '')
  const pool: PoolObject = {
    name: metadata.name,
    origin: { kind: 'IPAddressPool', namespace: metadata.namespace || 'default' },
    created: created ?? '',
    ranges,
    automatic: readFlag('autoAssign', true),
    avoidsEnds: readFlag('avoidBuggyIPs', false),
    audience: readAudience(spec.serviceAllocation, 'spec.serviceAllocation', report),
  }
  return { kind: 'pool', pool, problems }
}

const CREATED = 'metadata.creationTimestamp'
