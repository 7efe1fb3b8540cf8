/** One endpoint change: in the slice of this Service another pod takes the last one's place. */
export interface Replacement {
  readonly service: number
  readonly fresh: number
}

/** Where the measured agent has its objects from, and the hand that changes them. */
export interface Feed {
  readonly name: string
  /** The network namespace of the agent. */
  readonly namespace: string
  /** How the agent is told to follow this. */
  readonly args: readonly string[]
  /** What bounds the start: how long a process takes that reads the same and does nothing. */
  bareRead(): Promise<number>
  /** Changes several at once, as fast as it goes. */
  change(replacements: readonly Replacement[]): Promise<void>
  /** When (ms since 1970) a bare watcher beside the agent heard of the change of this Service. */
  heard(service: number): Promise<number>
  close(): Promise<void>
}
