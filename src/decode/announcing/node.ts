import type { AnnouncerNode, Departure } from '../../announce/objects.ts'
import { readNodeAddresses } from '../allocation/node.ts'
import { FieldReader } from '../field-reader.ts'
import {
  anything,
  fields,
  flag,
  nameOf,
  objectName,
  parseFields,
  text,
  valueAt,
} from '../fields.ts'
import { readTexts } from '../labels.ts'
import { joinPath, type Problem, report as startReport } from '../problem.ts'

type DecodedNode =
  | { readonly kind: 'node'; readonly node: AnnouncerNode; readonly problems: readonly Problem[] }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const nodeSchema = fields({
  metadata: fields({ name: objectName, labels: anything, deletionTimestamp: anything }),
  spec: fields({ taints: anything, unschedulable: anything }).nullish(),
  status: fields({ addresses: anything, conditions: anything }).nullish(),
})

const conditionSchema = fields({
  type: text,
  status: text,
  reason: text.nullish(),
  message: text.nullish(),
})

const CORDONED = 'spec.unschedulable'

type Condition = {
  readonly type: string
  readonly status: string
  readonly reason?: string | null | undefined
  readonly message?: string | null | undefined
}

/**
 * Reads what a v1 Node says about announcing: labels, InternalIPs, whether its network is there, whether
 * it is cordoned or about to go. It is `invalid` if its name or the shape of a field cannot be read.
 */
export function decodeAnnouncerNode(json: unknown, source: string): DecodedNode {
  const report = startReport(source, 'Node', nameOf(json, false))
  const { problems } = report
  const read = parseFields(nodeSchema, json, '', report)
  if (read === undefined) return { kind: 'invalid', problems }
  const reader = new FieldReader(report)
  const { metadata } = read
  const conditions = readConditions(read.status?.conditions, reader)
  const isTold = (type: string, status: string): Condition | undefined =>
    conditions.find((each) => each.type === type && each.status === status)
  const unready = isTold('Ready', 'False')
  const node: AnnouncerNode = {
    name: metadata.name,
    labels: readTexts(metadata.labels, 'metadata.labels', report),
    internal: readNodeAddresses(read.status?.addresses, reader).internal,
    networkUnavailable: isTold('NetworkUnavailable', 'True') !== undefined,
    cordoned: reader.read(read.spec?.unschedulable, flag.nullish(), CORDONED, false) ?? false,
    departure: departureOf(!!metadata.deletionTimestamp, read.spec?.taints, unready),
  }
  return { kind: 'node', node, problems }
}

function readConditions(value: unknown, reader: FieldReader): readonly Condition[] {
  const path = 'status.conditions'
  return (reader.list(value, path) ?? []).flatMap((each, i) => {
    return parseFields(conditionSchema, each, joinPath(path, i), reader.report) ?? []
  })
}

/**
 * The autoscaler's taint is also one that kube-proxy and cloud controllers heed (KEP-3836). A
 * kubelet that shuts down says so in the message of Ready (pkg/kubelet/nodeshutdown).
 */
function departureOf(
  deleted: boolean,
  taints: unknown,
  unready: Condition | undefined,
): Departure | undefined {
  if (deleted) return 'deleted'
  const keys = Array.isArray(taints) ? taints.map((taint) => valueAt(taint, ['key'])) : []
  if (keys.includes('ToBeDeletedByClusterAutoscaler')) return 'autoscaler'
  const told = `${unready?.reason ?? ''} ${unready?.message ?? ''}`
  return /shut\w* ?down/i.test(told) ? 'shutdown' : undefined
}
