import { recalled, type Situation } from '../render/nftables/recall.ts'
import type { CurrentConfiguration } from './configuration.ts'
import type { Telemetry } from './events/telemetry.ts'
import type { ObjectStore } from './object-store.ts'

interface NodeIncompleteParts {
  readonly store: Pick<ObjectStore, 'node' | 'nodeMissing'>
  readonly configuration: Pick<CurrentConfiguration, 'settings'>
  readonly telemetry: Pick<Telemetry, 'tell'>
}

/**
 * Tells what our Node does not name and therefore stays as it was: since it was seen, or as the
 * kernel held it at the start.
 */
export class NodeIncomplete {
  readonly #parts: NodeIncompleteParts

  constructor(parts: NodeIncompleteParts) {
    this.#parts = parts
  }

  /** `situation` is what is rendered for; undefined: nothing yet. */
  tell(situation: Situation | undefined): void {
    const { store, telemetry } = this.#parts
    const condition = 'NodeIncomplete'
    const messages = [...store.nodeMissing(), ...this.#recalled(situation)]
    if (messages.length === 0) telemetry.tell({ event: 'condition-gone', condition })
    else telemetry.tell({ event: 'condition-found', condition, messages })
  }

  #recalled(situation: Situation | undefined): readonly string[] {
    const node = this.#parts.store.node()
    const { settings } = this.#parts.configuration
    if (node === undefined || settings === undefined || situation === undefined) return []
    return recalled({ node, settings }, situation)
  }
}
