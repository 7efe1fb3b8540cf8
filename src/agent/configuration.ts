import type { Limits } from '../model/limits.ts'
import type { KubeProxyAddresses } from '../model/listening.ts'
import type { NodeView, Settings } from '../model/node.ts'
import type { TcpFlows } from '../plan/flows/stale.ts'
import type { Ownership } from '../plan/nftables/ownership.ts'
import type { Telemetry } from '../report/telemetry.ts'
import type { Period } from './pace.ts'

/** The configuration that the operator has chosen. */
export interface Configuration {
  /** The file that it was read from. */
  readonly source: string
  /** Returns its settings on this node, with notes for the operator. */
  readonly settingsFor: (node: NodeView) => NodeSettings
  /** The addresses where nodelb answers in place of kube-proxy. */
  readonly kubeProxyAddresses: KubeProxyAddresses
  /** Whether it can only be put in force once all Nodes are known. */
  readonly needsAllNodes: boolean
  /** The limits on what a Service may ask for. */
  readonly limits: Limits
  readonly ownership: Ownership
  readonly tcp: TcpFlows
  /** How far the starts of two commits are apart. */
  readonly syncPeriod: Period
  /** Milliseconds between two full comparisons. */
  readonly comparePeriod: number
}

interface NodeSettings {
  readonly settings: Settings
  readonly notes: readonly string[]
}

/**
 * The configuration, which may change while the agent runs. The chosen one is in force once a
 * backend was started with it; until then the former one is.
 */
export class CurrentConfiguration {
  readonly #tell: Telemetry['tell']
  #chosen: Configuration
  #inForce: Configuration | undefined
  /**
   * The settings of the configuration that is being started; another one may be chosen meanwhile.
   */
  #wanted: (NodeSettings & { readonly of: Configuration }) | undefined
  #settings: Settings | undefined
  /** The last notes reported about the configuration in force. */
  #said: string | undefined

  constructor(chosen: Configuration, tell: Telemetry['tell']) {
    this.#chosen = chosen
    this.#tell = tell
  }

  /** The configuration that was chosen last, in force or not. */
  get chosen(): Configuration {
    return this.#chosen
  }

  /** The settings that a backend was last started with; undefined before the first start. */
  get settings(): Settings | undefined {
    return this.#settings
  }

  /** Chooses another configuration, which is in force once a backend is started with it. */
  replace(chosen: Configuration): void {
    this.#chosen = chosen
    this.#said = undefined
  }

  /**
   * Returns the chosen configuration's settings for this node, and remembers them for `started`.
   */
  settingsFor(node: NodeView): Settings {
    this.#wanted = { of: this.#chosen, ...this.#chosen.settingsFor(node) }
    return this.#wanted.settings
  }

  /**
   * Returns the settings of the former configuration; undefined if the chosen one is in force, or
   * none is.
   */
  formerSettingsFor(node: NodeView): Settings | undefined {
    if (this.#inForce === this.#chosen) return undefined
    return this.#inForce?.settingsFor(node).settings
  }

  /**
   * Notes that a backend was started with these settings; reports the configuration if it is newly
   * in force or its notes have changed.
   */
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

  /** Reports why the chosen configuration could not be put in force. */
  notStarted(reason: string): void {
    if (this.#wanted?.of !== this.#chosen) return
    this.#tell({ event: 'configuration-failed', source: this.#chosen.source, reason })
  }
}
