import type { ServiceName } from '../../model/service-name.ts'
import { listAt, textAt } from './text-at.ts'

/** The condition that the controller writes. */
const ADDRESS_ASSIGNED = 'nodelb.io/AddressAssigned'

/** Reads why a Service has no address; nothing if the controller does not say so. */
export function readWaitingReason(object: unknown): readonly (readonly [ServiceName, string])[] {
  const condition = listAt(object, 'status', 'conditions').find(
    (each) => textAt(each, 'type') === ADDRESS_ASSIGNED && textAt(each, 'status') === 'False',
  )
  if (condition === undefined) return []
  const name = `${textAt(object, 'metadata', 'namespace')}/${textAt(object, 'metadata', 'name')}`
  return [[name, textAt(condition, 'message')]]
}
