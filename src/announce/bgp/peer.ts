import type { Address } from '../../model/address.ts'
import type { LabelSelector } from '../../model/label-selector.ts'
import type { BgpSession } from './decision.ts'
import type { PasswordSource } from './password.ts'

/** A BGPPeer (metallb.io/v1beta1 or v1beta2) whose fields are right, each for itself. */
export interface BgpPeer extends Omit<BgpSession, 'password'> {
  readonly namespace: string
  readonly password: PasswordSource
  /** An IPv4 address. */
  readonly routerId: Address | undefined
  /** One of them has to select the Node. Undefined: all Nodes; empty: none. */
  readonly nodes: readonly LabelSelector[] | undefined
}
