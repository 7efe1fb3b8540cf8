import type { Telemetry } from '../report/telemetry.ts'
import type { Configuration } from './configuration.ts'

interface AwaitedNodesParts {
  /** Puts a configuration in force. */
  readonly enforce: (configuration: Configuration) => void
  readonly tell: Telemetry['tell']
}

const NODES = 'a list of all Nodes, so that ipvs takes the address of none'

/** Holds back a configuration that needs all Nodes until they are listed. */
export class AwaitedNodes {
  readonly #parts: AwaitedNodesParts
  /** Whether all Nodes are wanted and not listed yet. */
  #awaited = false
  #waiting: Configuration | undefined

  constructor(parts: AwaitedNodesParts) {
    this.#parts = parts
  }

  /** Notes that all Nodes will be listed: a configuration that needs them waits until then. */
  expect(): void {
    this.#awaited = true
  }

  /**
   * Puts a configuration in force. If it has to wait for the list of all Nodes, the former one
   * stays in force until then.
   */
  configure(configuration: Configuration): void {
    if (!configuration.needsAllNodes) this.#awaited = false
    if (!this.#awaited) {
      this.#enforce(configuration)
      return
    }
    this.#waiting = configuration
    const { source } = configuration
    this.#parts.tell({ event: 'configuration-waits', source, reason: NODES })
  }

  /** Notes that all Nodes are listed, and puts the configuration in force that waits for them. */
  listed(): void {
    this.#awaited = false
    if (this.#waiting !== undefined) this.#enforce(this.#waiting)
  }

  #enforce(configuration: Configuration): void {
    this.#waiting = undefined
    this.#parts.enforce(configuration)
  }
}
