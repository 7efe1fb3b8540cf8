/** Limits and timeouts of connection tracking; undefined leaves the kernel's as it is. */
export interface ConntrackSettings {
  /** Entries per processor; the table holds at least `min`. Zero leaves its size as it is. */
  readonly maxPerCore: number
  readonly min: number
  /** Seconds, as all that follow. */
  readonly tcpEstablishedTimeout: number | undefined
  readonly tcpCloseWaitTimeout: number | undefined
  readonly udpTimeout: number | undefined
  readonly udpStreamTimeout: number | undefined
  /** Packets outside the window are let through, not marked invalid. */
  readonly tcpBeLiberal: boolean
}
