import { valueAt } from '../decode/fields.ts'
import type { NodeResource } from './resources.ts'

/** Returns the metadata.uid of a Service, or that of the Service that a slice names as its owner. */
export function serviceUid(resource: NodeResource, object: unknown): string | undefined {
  switch (resource) {
    case 'services':
      return textAt(object, ['metadata', 'uid'])
    case 'endpointslices':
      return textAt(ownerOf(object), ['uid'])
    case 'nodes':
      return undefined
  }
}

function ownerOf(slice: unknown): unknown {
  const owners = valueAt(slice, ['metadata', 'ownerReferences'])
  return Array.isArray(owners) ? owners.find((each) => valueAt(each, ['kind']) === 'Service') : []
}

function textAt(object: unknown, path: readonly string[]): string | undefined {
  const found = valueAt(object, path)
  return typeof found === 'string' ? found : undefined
}
