/** What is reported of announcing by BGP. */
export type BgpNews =
  /** FRR can be configured, and is as it should be. */
  | { readonly event: 'bgp-engine-ready'; readonly operations: number; readonly routes: number }
  /** FRR cannot be configured now. */
  | { readonly event: 'bgp-engine-lost'; readonly reason: string }
  /** FRR was told of a change. */
  | {
      readonly event: 'bgp-configured'
      readonly operations: number
      readonly routes: number
      readonly durationMs: number
      /** What of it ends sessions, or resets them. */
      readonly resets: readonly string[]
    }
  /** Another program had changed what is nodelb's. */
  | { readonly event: 'bgp-drift-repaired'; readonly operations: number; readonly found: string }
  /** FRR was found to announce a Service to these BGPPeers, which may be others than before. */
  | {
      readonly event: 'bgp-service-announced'
      readonly service: string
      readonly peers: readonly string[]
      /** False: it was announced before, to other peers or by an earlier process. */
      readonly began: boolean
    }
  | { readonly event: 'bgp-service-not-announced'; readonly service: string }
  | ({ readonly event: 'bgp-session-up' } & Session)
  | ({ readonly event: 'bgp-session-down'; readonly state: string } & Session)
  /** All problems of one object, such as a BGPPeer whose Secret is missing. */
  | {
      readonly event: 'bgp-problem'
      readonly object: string
      readonly problems: readonly string[]
    }
  | { readonly event: 'bgp-in-order'; readonly object: string }
  /** The routes are about to go, and say so. */
  | { readonly event: 'bgp-draining'; readonly reason: string; readonly graceMs: number }
  | { readonly event: 'bgp-withdrawn'; readonly reason: string }
  /** The ServiceBGPStatuses in the API server are not what they should be. */
  | { readonly event: 'bgp-statuses-not-written'; readonly reason: string }
  | { readonly event: 'bgp-statuses-written' }
  /** Secrets that peers name could not be read. */
  | { readonly event: 'bgp-secrets-unread'; readonly reason: string }
  | { readonly event: 'bgp-secrets-read' }

interface Session {
  /** The name of the BGPPeer. */
  readonly peer: string
  /** The address of the peer, or the interface at which it is. */
  readonly at: string
}

export type TellBgp = (news: BgpNews) => void
