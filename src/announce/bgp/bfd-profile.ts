/** A BFDProfile (metallb.io/v1beta1); what is undefined is left to the program that speaks BFD. */
export interface BfdProfile {
  readonly name: string
  readonly namespace: string
  /** The least interval at which packets are taken, in milliseconds, 10 to 60000. */
  readonly receiveInterval: number | undefined
  /** The least interval at which packets are sent, in milliseconds, 10 to 60000. */
  readonly transmitInterval: number | undefined
  /** The least interval of echo packets, in milliseconds, 10 to 60000. */
  readonly echoInterval: number | undefined
  /** As many packets in a row may be lost before the session is down, 2 to 255. */
  readonly detectMultiplier: number | undefined
  /** Packets over several hops with a lower TTL are not taken, 1 to 254. */
  readonly minimumTtl: number | undefined
  /** Echo packets are sent as well (RFC 5880, 6.4); FRR has that for IPv4 alone. */
  readonly echoMode: boolean
  /** The other side has to begin. */
  readonly passiveMode: boolean
}
