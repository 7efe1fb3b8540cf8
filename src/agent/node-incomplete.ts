import type { Situation } from '../model/node.ts'
import { recalled } from '../render/nftables/recall.ts'
import type { Telemetry } from '../report/telemetry.ts'
import type { SeenNodes } from '../watch/seen-nodes.ts'
import type { CurrentConfiguration } from './configuration.ts'

interface NodeIncompleteParts {
  readonly nodes: Pick<SeenNodes, 'view' | 'missing'>
  readonly configuration: Pick<CurrentConfiguration, 'settings'>
  readonly telemetry: Pick<Telemetry, 'tell'>
}

/**
 * Reports addresses and ranges that our Node lacks and that therefore stay as they were: as seen
 * before, or as the kernel held them at the start.
 */
export class NodeIncomplete {
  readonly #parts: NodeIncompleteParts

  constructor(parts: NodeIncompleteParts) {
    this.#parts = parts
  }

  /**
   * Reports what is missing, or that nothing is; `situation` is the one that is rendered, undefined
   * if there is none yet.
   */
  tell(situation: Situation | undefined): void {
    const { nodes, telemetry } = this.#parts
    const condition = 'NodeIncomplete'
    const messages = [...nodes.missing(), ...this.#recalled(situation)]
    if (messages.length === 0) telemetry.tell({ event: 'condition-gone', condition })
    else telemetry.tell({ event: 'condition-found', condition, messages })
  }

  #recalled(situation: Situation | undefined): readonly string[] {
    const node = this.#parts.nodes.view()
    const { settings } = this.#parts.configuration
    if (node === undefined || settings === undefined || situation === undefined) return []
    return recalled({ node, settings }, situation)
  }
}
