import { textAt } from './text-at.ts'

/** Which replica of the controller writes. */
export interface LeaseHolder {
  /** The namespace of the Lease. */
  readonly namespace: string
  /** The Pod of the replica; empty if the last one gave the Lease back. */
  readonly holder: string
  /** RFC 3339; empty if the Lease does not say it. */
  readonly renewed: string
}

/** Reads the Lease of the controller; behind the name of the Pod its holder has an identifier. */
export function readLease(object: unknown): LeaseHolder {
  return {
    namespace: textAt(object, 'metadata', 'namespace'),
    holder: textAt(object, 'spec', 'holderIdentity').replace(/_[^_]*$/, ''),
    renewed: textAt(object, 'spec', 'renewTime'),
  }
}
