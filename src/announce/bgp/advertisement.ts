import type { IpFamily } from '../../model/address.ts'
import type { LabelSelector } from '../../model/label-selector.ts'
import type { PoolRule } from '../objects.ts'

/** A BGPAdvertisement (metallb.io/v1beta1). */
export interface BgpAdvertisement {
  readonly name: string
  /** Undefined: all pools. */
  readonly pools: PoolRule | undefined
  /** One of them has to select the Node. Undefined: all Nodes; empty: none. */
  readonly nodes: readonly LabelSelector[] | undefined
  /** One of them has to select the Service. Undefined: all Services; empty: none. */
  readonly services: readonly LabelSelector[] | undefined
  /** The names of BGPPeers. Undefined: all; empty: none. */
  readonly peers: readonly string[] | undefined
  /** The length of the prefix that is announced for an address; 32 and 128 unless given. */
  readonly lengths: Readonly<Record<IpFamily, number>>
  /** 1 to 4294967295; undefined where none is set. */
  readonly localPref: number | undefined
  /** As they are written: values, or names of them in Community objects. */
  readonly communities: readonly string[]
}
