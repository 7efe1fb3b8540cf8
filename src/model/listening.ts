/** Where a server listens. */
export interface ListenAddress {
  /** Undefined: all addresses, of both families where the node has them. */
  readonly host: string | undefined
  readonly port: number
}

/** Where kube-proxy would answer, and nodelb does in its place; undefined: nowhere. */
export interface KubeProxyAddresses {
  readonly healthz: ListenAddress | undefined
  readonly metrics: ListenAddress | undefined
}
