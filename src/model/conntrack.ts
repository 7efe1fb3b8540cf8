/** Limits and timeouts of connection tracking; undefined leaves the kernel's value as it is. */
export interface ConntrackSettings {
  /** Entries per processor; the table holds at least `min`. Zero leaves its size as it is. */
  readonly maxPerCore: number
  readonly min: number
  /** In seconds, as are the three that follow. */
  readonly tcpEstablishedTimeout: number | undefined
  readonly tcpCloseWaitTimeout: number | undefined
  readonly udpTimeout: number | undefined
  readonly udpStreamTimeout: number | undefined
  /**
   * If true, TCP segments outside the window belong to their connection and are translated like the
   * rest; otherwise they pass untranslated (net.netfilter.nf_conntrack_tcp_be_liberal).
   */
  readonly tcpBeLiberal: boolean
}

/** Sets `tcpBeLiberal` and leaves everything else as it is. */
export const onlyLiberal: ConntrackSettings = {
  maxPerCore: 0,
  min: 0,
  tcpEstablishedTimeout: undefined,
  tcpCloseWaitTimeout: undefined,
  udpTimeout: undefined,
  udpStreamTimeout: undefined,
  tcpBeLiberal: true,
}
