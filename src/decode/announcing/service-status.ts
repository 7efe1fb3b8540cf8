import type { FoundStatus } from '../../announce/service-status.ts'
import { valueAt } from '../fields.ts'

/** The labels by which MetalLB finds its ServiceL2Statuses. */
export const STATUS_LABELS = {
  node: 'metallb.io/node',
  service: 'metallb.io/service-name',
  namespace: 'metallb.io/service-namespace',
} as const

/** Reads a ServiceL2Status; undefined if it has no name. Whatever else is missing is left out. */
export function readL2Status(object: unknown): FoundStatus | undefined {
  const name = textAt(object, ['metadata', 'name'])
  if (name === undefined) return undefined
  const label = (key: string): string | undefined => textAt(object, ['metadata', 'labels', key])
  const told = {
    node: textAt(object, ['status', 'node']),
    service: textAt(object, ['status', 'serviceName']),
    namespace: textAt(object, ['status', 'serviceNamespace']),
  }
  const namespace = told.namespace ?? label(STATUS_LABELS.namespace)
  const service = told.service ?? label(STATUS_LABELS.service)
  const listed = valueAt(object, ['status', 'interfaces'])
  return {
    name,
    node: told.node ?? label(STATUS_LABELS.node),
    service: namespace && service ? `${namespace}/${service}` : undefined,
    interfaces: (Array.isArray(listed) ? listed : []).flatMap(
      (each) => textAt(each, ['name']) ?? [],
    ),
    owner: ownerOf(object),
    isWhole: told.node !== undefined && told.service !== undefined && told.namespace !== undefined,
  }
}

function ownerOf(object: unknown): string | undefined {
  const owners = valueAt(object, ['metadata', 'ownerReferences'])
  const pods = (Array.isArray(owners) ? owners : []).filter(
    (each) => textAt(each, ['kind']) === 'Pod',
  )
  return textAt(pods[0], ['uid'])
}

function textAt(object: unknown, path: readonly string[]): string | undefined {
  const value = valueAt(object, path)
  return typeof value === 'string' ? value : undefined
}
