import type * as z from 'zod'
import {
  anything,
  fields,
  list,
  nameOf,
  notSpecial,
  objectName,
  parseFields,
  readAddress,
  readCidrs,
  text,
  valueAt,
} from '../decode/fields.ts'
import {
  joinPath,
  type Problem,
  type Report,
  said,
  report as startReport,
} from '../decode/problem.ts'
import { type Address, familyOf } from '../model/address.ts'
import type { NodeView } from '../model/node.ts'

type DecodedNode =
  | { readonly kind: 'node'; readonly node: NodeView; readonly problems: readonly Problem[] }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const zoneLabel = 'topology.kubernetes.io/zone'

const nodeSchema = fields({
  metadata: fields({
    name: objectName,
    labels: fields({ [zoneLabel]: text.nullish() }).nullish(),
  }),
  spec: fields({ podCIDR: text.nullish(), podCIDRs: list.nullish() }).nullish(),
  status: fields({ addresses: list.nullish() }).nullish(),
})

const addressSchema = fields({ type: text, address: anything })

type NodeFields = z.infer<typeof nodeSchema>

/**
 * Reads a v1 Node: its zone, its addresses and the ranges of its pods. It is `invalid` if its name
 * or the shape of a field cannot be read.
 */
export function decodeNode(json: unknown, source: string): DecodedNode {
  const report = startReport(source, 'Node', nameOf(json, false))
  const { problems } = report
  const read = parseFields(nodeSchema, json, '', report)
  if (read === undefined) return { kind: 'invalid', problems }
  const node: NodeView = {
    name: read.metadata.name,
    zone: read.metadata.labels?.[zoneLabel] || undefined,
    ...addressesOf(read, report),
    podCidrs: podCidrsOf(read, report),
  }
  return { kind: 'node', node, problems }
}

/** Returns whether a Node is about to be removed and so wants no new connections (KEP-3836). */
export function isLeaving(node: unknown): boolean {
  if (valueAt(node, ['metadata', 'deletionTimestamp'])) return true
  const taints = valueAt(node, ['spec', 'taints'])
  if (!Array.isArray(taints)) return false
  return taints.some((taint) => valueAt(taint, ['key']) === 'ToBeDeletedByClusterAutoscaler')
}

/**
 * Returns kube-proxy's node IPs: the InternalIP addresses, and ExternalIP ones for a family that
 * has no InternalIP.
 */
function addressesOf(
  read: NodeFields,
  report: Report,
): Pick<NodeView, 'addresses' | 'externalOnly' | 'furtherAddresses'> {
  const byType = { InternalIP: new Set<Address>(), ExternalIP: new Set<Address>() }
  const values = read.status?.addresses ?? []
  values.forEach((value, i) => {
    const path = joinPath('status.addresses', i)
    const entry = parseFields(addressSchema, value, path, report)
    if (entry?.type !== 'InternalIP' && entry?.type !== 'ExternalIP') return
    const address = readAddress(entry.address, joinPath(path, 'address'), report, notSpecial)
    if (address !== undefined) byType[entry.type].add(address)
  })
  const internal = [...byType.InternalIP]
  const families = new Set(internal.map(familyOf))
  const external = [...byType.ExternalIP].filter((address) => !families.has(familyOf(address)))
  const addresses = [...internal, ...external]
  if (addresses.length === 0) {
    const effect = 'NodePorts stay where they are programmed; new ones are served nowhere'
    report.note('status.addresses', said('no InternalIP'), 'one', effect)
  }
  const further = [...byType.ExternalIP].filter((address) => !addresses.includes(address))
  return {
    addresses,
    ...(external.length > 0 && { externalOnly: [...new Set(external.map(familyOf))] }),
    ...(further.length > 0 && { furtherAddresses: further }),
  }
}

function podCidrsOf(read: NodeFields, report: Report): NodeView['podCidrs'] {
  const podCidrs = read.spec?.podCIDRs ?? []
  if (podCidrs.length > 0) return readCidrs(podCidrs, 'spec.podCIDRs', report)
  const podCidr = read.spec?.podCIDR
  return podCidr ? readCidrs([podCidr], 'spec.podCIDR', report) : []
}
