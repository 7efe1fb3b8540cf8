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
  /**
   * TCP segments outside the window belong to their connection, and so are translated like the rest,
   * instead of passing as they are (net.netfilter.nf_conntrack_tcp_be_liberal).
   */
  readonly tcpBeLiberal: boolean
}

/** Leaves everything else as it is. */
export const onlyLiberal: ConntrackSettings = {
  maxPerCore: 0,
  min: 0,
  tcpEstablishedTimeout: undefined,
  tcpCloseWaitTimeout: undefined,
  udpTimeout: undefined,
  udpStreamTimeout: undefined,
  tcpBeLiberal: true,
}
