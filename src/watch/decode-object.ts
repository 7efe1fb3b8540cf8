import { valueAt } from '../decode/fields.ts'
import type { Problem } from '../decode/problem.ts'
import type { NodeView } from '../model/node.ts'
import type { ServiceObject, SliceObject } from '../model/service.ts'
import { unreachable } from '../model/unreachable.ts'
import { decodeEndpointSlice } from './decode-endpoint-slice.ts'
import { decodeNode } from './decode-node.ts'
import { decodeService } from './decode-service.ts'
import type { SourceEvent } from './source.ts'

export type ObjectEvent = Extract<SourceEvent, { kind: 'object' }>

/** An object that could be read. */
export type ReadObject =
  | { readonly kind: 'service'; readonly service: ServiceObject }
  | {
      readonly kind: 'slice'
      readonly slice: SliceObject
      /** When what it tells of happened, in milliseconds since 1970. */
      readonly triggered: number | undefined
    }
  | { readonly kind: 'node'; readonly node: NodeView }

export type DecodedObject = (
  | ReadObject
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'invalid' }
) & {
  readonly problems: readonly Problem[]
}

/** Decodes an object by the rules of its kind; of a Service, with the version before. */
export function decodeObject(
  { resource, object, origin = 'API server' }: ObjectEvent,
  former?: ServiceObject,
): DecodedObject {
  switch (resource) {
    case 'services':
      return decodeService(object, origin, former)
    case 'endpointslices': {
      const decoded = decodeEndpointSlice(object, origin)
      if (decoded.kind !== 'slice') return decoded
      return { ...decoded, triggered: triggerTime(object) }
    }
    case 'nodes':
      return decodeNode(object, origin)
    default:
      return unreachable(resource)
  }
}

/** When the change that this slice tells of happened, in milliseconds since 1970. */
function triggerTime(slice: unknown): number | undefined {
  const path = ['metadata', 'annotations', 'endpoints.kubernetes.io/last-change-trigger-time']
  const text = valueAt(slice, path)
  const time = typeof text === 'string' ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}

/** KEP-3836: a node about to be removed wants no new connections. */
export function isEligible(node: unknown): boolean {
  if (valueAt(node, ['metadata', 'deletionTimestamp'])) return false
  const taints = valueAt(node, ['spec', 'taints'])
  if (!Array.isArray(taints)) return true
  return !taints.some((taint) => valueAt(taint, ['key']) === 'ToBeDeletedByClusterAutoscaler')
}
