import type { Obstacle, Spot } from './spot.ts'

/** What a node does next, in this order. */
export type Step =
  /**
   * Empties the sets of the kernel, and only then lets it answer for them: in one commit. This is the
   * first step of an agent that finds that its kernel has fallen silent.
   */
  | { readonly kind: 'revive' }
  /**
   * Lets the kernel answer for another while. It must fail if the kernel has fallen silent already
   * (delete the key, then add it, in one commit): then another node may have taken over. After a
   * failure no further step is taken, and the next turn has the event `ran-out`.
   */
  | { readonly kind: 'renew' }
  /** Changes what the kernel answers for, in one commit that also renews, and fails like it. */
  | { readonly kind: 'program'; readonly add: readonly Spot[]; readonly remove: readonly Spot[] }
  /** Sends a beat to every peer; with the list of claims to each for which that has changed. */
  | { readonly kind: 'beat' }
  /** Tells everybody on the LAN where the address is. */
  | { readonly kind: 'gratuitous'; readonly spots: readonly Spot[] }
  /** Asks the wire whether anybody answers. */
  | { readonly kind: 'probe'; readonly spots: readonly Spot[] }
  /** Something that operators want to know. */
  | { readonly kind: 'tell'; readonly news: readonly News[] }

export type News =
  | { readonly kind: 'taken'; readonly spot: Spot; readonly from: string | undefined }
  /** The owner answers now, or nobody may; or the interface is gone. */
  | { readonly kind: 'given'; readonly spot: Spot; readonly to: string | undefined }
  | { readonly kind: 'waits'; readonly spot: Spot; readonly obstacle: Obstacle }
  /** It answered, and stopped because another member answers as well, or may. */
  | { readonly kind: 'withdrawn'; readonly spot: Spot; readonly mac: string | undefined }
  /** It answers, and one that is no member claims the address. */
  | { readonly kind: 'disputed'; readonly spot: Spot; readonly mac: string }
  /** A stranger that had the address or claimed it was asked, and is silent. */
  | { readonly kind: 'undisputed'; readonly spot: Spot; readonly mac: string }
  /** The kernel had fallen silent because this agent did not renew in time. */
  | { readonly kind: 'ran-out' }
