/** When what is due next, by the monotonic clock. */
export interface Due {
  /** To decide what is announced. */
  decide: number
  /** To bring FRR to it, which reads all of its configuration. */
  bring: number
  /** To look at the sessions. */
  look: number
  /** To begin a new conversation. */
  renew: number
}
