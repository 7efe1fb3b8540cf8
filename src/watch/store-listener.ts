import type { Problem } from '../decode/problem.ts'
import type { ServiceName } from '../model/service-name.ts'
import type { DecodedObject, NodeResource } from './resources.ts'

/** The receiver of the outcomes of reading objects, in order. */
export interface StoreListener {
  /** An object was read, as far as that was possible. */
  readonly read: (object: ReadObject, decoded: DecodedObject) => void
  readonly gone: (object: StoredObject) => void
  /** Gets the limits that a Service exceeds; no problems if it is within them. */
  readonly judged: (service: ServiceName, problems: readonly Problem[]) => void
  /**
   * All objects of a kind have come; gets the number of slices that name no Service and are
   * ignored.
   */
  readonly listed: (slicesWithoutService: number) => void
}

interface StoredObject {
  readonly resource: NodeResource
  /** `namespace/name`, or the name alone for kinds that are in no namespace. */
  readonly key: string
}

export interface ReadObject extends StoredObject {
  /** The Service whose rules depend on it; undefined if there is none, or the object does not say. */
  readonly service: ServiceName | undefined
}
