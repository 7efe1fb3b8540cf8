import type { Limits } from '../model/limits.ts'
import type { KubeProxyAddresses } from '../model/listening.ts'
import type { NodeView, Settings } from '../model/node.ts'
import type { TcpFlows } from '../plan/flows/stale.ts'
import type { Ownership } from '../plan/nftables/ownership.ts'
import type { Telemetry } from './events/telemetry.ts'

/** What the operator chose. */
export interface Configuration {
  /** The file it is from. */
  readonly source: string
  /** With what is to be said of it on this node. */
  readonly settingsFor: (node: NodeView) => NodeSettings
  /** Where kube-proxy would answer, and nodelb does in its place. */
  readonly kubeProxyAddresses: KubeProxyAddresses
  /** Whether it can only be put in force once all Nodes are known. */
  readonly needsAllNodes: boolean
  /** How much a Service may ask for. */
  readonly limits: Limits
  readonly ownership: Ownership
  readonly tcp: TcpFlows
  /** Milliseconds between the starts of two commits. */
  readonly minSyncPeriod: number
  /** Milliseconds between two full comparisons. */
  readonly comparePeriod: number
}

interface NodeSettings {
  readonly settings: Settings
  readonly notes: readonly string[]
}

/**
 * The configuration, which may change while the agent runs. The one that is chosen is in force once a
 * backend was started with it; until then the one before it is.
 */
export class CurrentConfiguration {
  readonly #tell: Telemetry['tell']
  #chosen: Configuration
  #inForce: Configuration | undefined
  /** What the one that is being started means on this node; another one may be chosen meanwhile. */
  #wanted: (NodeSettings & { readonly of: Configuration }) | undefined
  #settings: Settings | undefined
  /** What was last said of the one in force. */
  #said: string | undefined

  constructor(chosen: Configuration, tell: Telemetry['tell']) {
    this.#chosen = chosen
    this.#tell = tell
  }

  get chosen(): Configuration {
    return this.#chosen
  }

  /** What the one in force last meant on this node. */
  get settings(): Settings | undefined {
    return this.#settings
  }

  replace(chosen: Configuration): void {
    this.#chosen = chosen
    this.#said = undefined
  }

  settingsFor(node: NodeView): Settings {
    this.#wanted = { of: this.#chosen, ...this.#chosen.settingsFor(node) }
    return this.#wanted.settings
  }

  /** Of the configuration before, where the chosen one is not in force. */
  formerSettingsFor(node: NodeView): Settings | undefined {
    if (this.#inForce === this.#chosen) return undefined
    return this.#inForce?.settingsFor(node).settings
  }

  /** A backend was started with these: tells so, and again when something else is to be said. */
  started(settings: Settings): void {
    this.#settings = settings
    if (settings !== this.#wanted?.settings) return
    const { of: started, notes } = this.#wanted
    this.#inForce = started
    if (started !== this.#chosen) return
    if (notes.join('\n') === this.#said) return
    this.#said = notes.join('\n')
    this.#tell({ event: 'configuration-loaded', source: this.#chosen.source, notes })
  }

  /** Why the chosen one is not in force though it was tried. */
  notStarted(reason: string): void {
    if (this.#wanted?.of !== this.#chosen) return
    this.#tell({ event: 'configuration-failed', source: this.#chosen.source, reason })
  }
}
