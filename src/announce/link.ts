/** An interface of this machine, as far as announcing asks about it. */
export interface Link {
  readonly name: string
  readonly index: number
  /** As `02:00:00:00:00:01`; the empty string if it has none of 6 bytes. */
  readonly mac: string
  readonly isEthernet: boolean
  readonly isUp: boolean
  /** Whether a cable or what stands for one leads anywhere. */
  readonly hasCarrier: boolean
  readonly isBroadcast: boolean
  readonly usesArp: boolean
  /** Whether it is a part of a bridge, a bond, a VRF or the like. */
  readonly hasMaster: boolean
}
