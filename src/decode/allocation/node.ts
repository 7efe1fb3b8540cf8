import type { CandidateNode } from '../../allocate/nodes-world.ts'
import type { Taint } from '../../allocate/taints.ts'
import type { Address } from '../../model/address.ts'
import { FieldReader } from '../field-reader.ts'
import {
  anything,
  fields,
  nameOf,
  notSpecial,
  objectName,
  oneOf,
  parseFields,
  readAddress,
  text,
} from '../fields.ts'
import { readTexts } from '../labels.ts'
import { joinPath, type Problem, report as startReport } from '../problem.ts'

type DecodedNode =
  | { readonly kind: 'node'; readonly node: CandidateNode; readonly problems: readonly Problem[] }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const nodeSchema = fields({
  metadata: fields({ name: objectName, labels: anything }),
  spec: fields({ taints: anything }).nullish(),
  status: fields({ addresses: anything, conditions: anything }).nullish(),
})

const taintSchema = fields({
  key: text,
  value: text.nullish(),
  effect: oneOf(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
})

const addressSchema = fields({ type: text, address: anything })
const conditionSchema = fields({ type: text, status: text })

/**
 * Reads what a v1 Node says about the Services that may have its addresses: labels, taints,
 * condition Ready and addresses. It is `invalid` if its name or the shape of a field cannot be read.
 */
export function decodeCandidateNode(json: unknown, source: string): DecodedNode {
  const report = startReport(source, 'Node', nameOf(json, false))
  const { problems } = report
  const read = parseFields(nodeSchema, json, '', report)
  if (read === undefined) return { kind: 'invalid', problems }
  const reader = new FieldReader(report)
  const node: CandidateNode = {
    name: read.metadata.name,
    labels: readTexts(read.metadata.labels, 'metadata.labels', report),
    taints: readTaints(read.spec?.taints, reader),
    ready: readReady(read.status?.conditions, reader),
    ...readNodeAddresses(read.status?.addresses, reader),
  }
  return { kind: 'node', node, problems }
}

function readTaints(value: unknown, reader: FieldReader): readonly Taint[] {
  const path = 'spec.taints'
  return (reader.list(value, path) ?? []).flatMap((each, i) => {
    const taint = parseFields(taintSchema, each, joinPath(path, i), reader.report)
    return taint === undefined ? [] : { ...taint, value: taint.value ?? '' }
  })
}

/** A Node without the condition, as in a manifest, counts as ready; `Unknown` does not. */
function readReady(value: unknown, reader: FieldReader): boolean {
  const path = 'status.conditions'
  const ready = (reader.list(value, path) ?? [])
    .map((each, i) => parseFields(conditionSchema, each, joinPath(path, i), reader.report))
    .find((condition) => condition?.type === 'Ready')
  return ready === undefined || ready.status === 'True'
}

/** Returns the addresses of a Node by their type; a bad one is reported and left out. */
export function readNodeAddresses(
  value: unknown,
  reader: FieldReader,
): Pick<CandidateNode, 'internal' | 'external'> {
  const byType = { InternalIP: new Set<Address>(), ExternalIP: new Set<Address>() }
  const values = reader.list(value, 'status.addresses') ?? []
  values.forEach((each, i) => {
    const path = joinPath('status.addresses', i)
    const entry = parseFields(addressSchema, each, path, reader.report)
    if (entry?.type !== 'InternalIP' && entry?.type !== 'ExternalIP') return
    const place = joinPath(path, 'address')
    const address = readAddress(entry.address, place, reader.report, notSpecial)
    if (address !== undefined) byType[entry.type].add(address)
  })
  return { internal: [...byType.InternalIP], external: [...byType.ExternalIP] }
}
