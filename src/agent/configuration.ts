import type { NodeView, Settings } from '../model/node.ts'
import type { Ownership } from '../plan/ownership.ts'
import type { TcpFlows } from '../plan/stale-flows.ts'
import type { KubeProxyAddresses } from './telemetry/servers.ts'
import type { Telemetry } from './telemetry/telemetry.ts'

/** What the operator chose. */
export interface Configuration {
  /** The file it is from. */
  readonly source: string
  /** With what is to be said of it on this node. */
  readonly settingsFor: (node: NodeView) => NodeSettings
  /** Where kube-proxy would answer, and nodelb does in its place. */
  readonly kubeProxyAddresses: KubeProxyAddresses
  readonly ownership: Ownership
  readonly tcp: TcpFlows
  /** Milliseconds between the starts of two commits. */
  readonly minSyncPeriod: number
  /** Milliseconds between two full comparisons. */
  readonly comparePeriod: number
}

export interface NodeSettings {
  readonly settings: Settings
  readonly notes: readonly string[]
}

/** The configuration in force, which may change while the agent runs. */
export class CurrentConfiguration {
  readonly #tell: Telemetry['tell']
  #chosen: Configuration
  #settings: Settings | undefined
  #notes: string | undefined

  constructor(chosen: Configuration, tell: Telemetry['tell']) {
    this.#chosen = chosen
    this.#tell = tell
  }

  get chosen(): Configuration {
    return this.#chosen
  }

  /** What it last meant on this node. */
  get settings(): Settings | undefined {
    return this.#settings
  }

  replace(chosen: Configuration): void {
    this.#chosen = chosen
    this.#notes = undefined
  }

  /** Tells that it is in force, and again when there is something else to be said of it. */
  settingsFor(node: NodeView): Settings {
    const { settings, notes } = this.#chosen.settingsFor(node)
    if (notes.join('\n') !== this.#notes) {
      this.#tell({ event: 'configuration-loaded', source: this.#chosen.source, notes })
    }
    this.#notes = notes.join('\n')
    this.#settings = settings
    return settings
  }
}
