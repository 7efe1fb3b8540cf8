/** Where a server listens. */
export interface ListenAddress {
  /** Undefined for all addresses, of both families if the node has them. */
  readonly host: string | undefined
  readonly port: number
}

/** Where nodelb answers in place of kube-proxy; undefined for nowhere. */
export interface KubeProxyAddresses {
  readonly healthz: ListenAddress | undefined
  readonly metrics: ListenAddress | undefined
}

/** The page of the controller. */
export interface UiSettings {
  readonly enabled: boolean
  readonly listen: ListenAddress
}
