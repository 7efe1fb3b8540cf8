/**
 * What an agent tells of its Node, for people who look at the cluster: the status of a NodelbNodeStatus, field
 * by field. Times are RFC 3339; null stands for what is not known, or is not so.
 */
export interface NodeFacts {
  /** When the agent said this. */
  readonly observedAt: string
  readonly startedAt: string
  readonly version: string
  readonly backend: string | null
  readonly scope: string | null
  /** Whether the tables are the agent's alone. */
  readonly owned: boolean | null
  readonly ready: boolean
  readonly reason: string
  /**
   * So many milliseconds at most went by from the change to the kernel for 99 of 100 changes of endpoints in the
   * last hour, to a tenth; null if there was none.
   */
  readonly p99Milliseconds: number | null
  /** How many changes of endpoints that was taken from. */
  readonly changes: number
  /** When the kernel took a change last, since the agent began. */
  readonly lastChangeAt: string | null
  /** When all that the kernel holds was compared last. */
  readonly comparedAt: string | null
  /** How many times in the last 24 hours, since the agent began, what others had changed was repaired; 100 at most. */
  readonly repairs: number
  /** Why the kernel may hold something else by now. */
  readonly drift: { readonly since: string; readonly reason: string } | null
  /** Services that the kernel refused; only the first of them. */
  readonly refused: readonly { readonly service: string; readonly reason: string }[]
  /** How many there are. */
  readonly refusedServices: number
}
