import * as z from 'zod'
import type { PoolObject } from '../../allocate/pool-objects.ts'
import { readDocuments } from '../documents.ts'
import { FieldReader } from '../field-reader.ts'
import {
  anything,
  fields,
  flag,
  list,
  nameOf,
  namespaceName,
  objectName,
  oneOf,
  parseFields,
  time,
  valueAt,
} from '../fields.ts'
import { joinPath, type Problem, type Report, said, report as startReport } from '../problem.ts'
import { readRanges } from './address-ranges.ts'

type DecodedConfigMap =
  | {
      readonly kind: 'pools'
      readonly pools: readonly PoolObject[]
      readonly problems: readonly Problem[]
    }
  /** The ConfigMap is not MetalLB's. */
  | { readonly kind: 'ignored'; readonly reason: 'no-pools'; readonly problems: readonly Problem[] }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const mapSchema = fields({
  metadata: fields({ name: objectName, namespace: namespaceName, creationTimestamp: anything }),
})

/** These pools may have names that no Kubernetes object has. */
const poolName = z
  .string({ error: 'the name of a pool' })
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]{1,253}$/u, { error: 'the name of a pool' })

const poolSchema = fields({
  name: poolName,
  protocol: oneOf(['layer2', 'bgp']),
  addresses: list,
  'auto-assign': anything,
  'avoid-buggy-ips': anything,
})

const CONFIG = 'data.config'

/**
 * Reads the pools of a ConfigMap as MetalLB had them up to 0.12; peers and communities are passed
 * over. ConfigMaps without `address-pools` are ignored. A bad pool is reported and left out; the
 * ConfigMap is `invalid` if none is left.
 */
export function decodeOldConfigMap(json: unknown, source: string): DecodedConfigMap {
  const report = startReport(source, 'ConfigMap', nameOf(json, true))
  const { problems } = report
  const config = valueAt(json, ['data', 'config'])
  if (typeof config !== 'string' || !config.includes('address-pools')) {
    return { kind: 'ignored', reason: 'no-pools', problems }
  }
  const read = parseFields(mapSchema, json, '', report)
  const values = poolsIn(config, report)
  if (values === 'none') return { kind: 'ignored', reason: 'no-pools', problems }
  if (read === undefined || values === undefined) return { kind: 'invalid', problems }
  const { metadata } = read
  const path = 'metadata.creationTimestamp'
  const created = new FieldReader(report).read(metadata.creationTimestamp, time.nullish(), path, '')
  const origin = {
    kind: 'ConfigMap',
    namespace: metadata.namespace || 'default',
    name: metadata.name,
  } as const
  const pools = values.flatMap((value, i) => {
    const pool = readPool(value, joinPath(CONFIG, 'address-pools', i), report)
    return pool === undefined
      ? []
      : { ...pool, origin, created: created ?? '', audience: undefined }
  })
  return pools.length > 0 ? { kind: 'pools', pools, problems } : { kind: 'invalid', problems }
}

/** Returns what is listed as pools; `none` if the text is about something else. */
function poolsIn(config: string, report: Report): readonly unknown[] | 'none' | undefined {
  const documents = readDocuments(config, report.problems[0]?.source ?? '')
  for (const { path, found } of documents.problems) {
    report.error(CONFIG, said(`${found} in ${path}`), 'YAML')
  }
  const [document] = documents.values
  if (document === undefined) return documents.problems.length > 0 ? undefined : 'none'
  const pools = valueAt(document, ['address-pools'])
  if (pools === undefined) return 'none'
  const path = joinPath(CONFIG, 'address-pools')
  const listed = parseFields(list, pools, path, report)
  if (listed?.length === 0) report.error(path, listed, 'at least one pool')
  return listed
}

function readPool(
  value: unknown,
  path: string,
  report: Report,
): Omit<PoolObject, 'origin' | 'created' | 'audience'> | undefined {
  const read = parseFields(poolSchema, value, path, report)
  if (read === undefined) return undefined
  const reader = new FieldReader(report)
  const ranges = readRanges(read.addresses, joinPath(path, 'addresses'), report)
  if (ranges.length === 0) {
    if (read.addresses.length === 0) {
      report.error(joinPath(path, 'addresses'), read.addresses, 'at least one range')
    }
    return undefined
  }
  const readFlag = (field: 'auto-assign' | 'avoid-buggy-ips', unset: boolean): boolean => {
    return reader.read(read[field], flag.nullish(), joinPath(path, field), !unset) ?? unset
  }
  const automatic = readFlag('auto-assign', true)
  const avoidsEnds = readFlag('avoid-buggy-ips', false)
  return { name: read.name, ranges, automatic, avoidsEnds }
}
