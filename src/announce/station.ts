/** An interface of this node on which it answers, as the answers name it. */
export interface Station {
  readonly name: string
  /** The kernel's number of the interface; another one after it was made anew. */
  readonly index: number
  /** As `02:00:00:00:00:01`. */
  readonly mac: string
}
