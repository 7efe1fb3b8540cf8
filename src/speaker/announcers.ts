import type { AnnounceSettings } from '../model/announce-settings.ts'
import type { Source } from '../watch/source.ts'
import { Announcing } from './announcing.ts'
import { BgpAnnouncing } from './bgp/announcing.ts'
import type { TellBgp } from './bgp/news.ts'
import type { BgpView } from './bgp/view.ts'
import type { TellSpeaker } from './news.ts'
import type { NodeConfiguration } from './node-configuration.ts'
import type { AnnounceView } from './view.ts'

/** What the operator chose, as far as announcing depends on it. */
export interface AnnouncersSettings extends AnnounceSettings {
  /** The classes of Services that are ours, besides those that name none. */
  readonly classes: readonly string[]
}

type OfLayer2 = ConstructorParameters<typeof Announcing>[0]
type OfBgp = ConstructorParameters<typeof BgpAnnouncing>[0]

interface AnnouncersOptions {
  /** The name of this Node. */
  readonly node: string
  readonly settings: AnnouncersSettings
  readonly tell: TellSpeaker & TellBgp
  readonly layer2: Pick<OfLayer2, 'followed' | 'statuses'>
  readonly bgp: Pick<OfBgp, 'followed' | 'secrets' | 'statuses' | 'configurations'>
  /** Keeps the ConfigurationState of this node; undefined where there is no API server. */
  readonly state: ((tell: (reason: string | undefined) => void) => NodeConfiguration) | undefined
}

/** All announcing of the agent: on layer 2, and by BGP. Neither knows of the other. */
export class Announcers {
  readonly #layer2: Announcing
  readonly #bgp: BgpAnnouncing
  readonly #state: NodeConfiguration | undefined

  constructor({ node, settings, tell, layer2, bgp, state }: AnnouncersOptions) {
    const parts = partsOf(settings)
    this.#state = state?.((reason) => {
      if (reason === undefined) tell({ event: 'configuration-state-written' })
      else tell({ event: 'configuration-state-not-written', reason })
    })
    this.#state?.follow(waysOf(settings))
    this.#layer2 = new Announcing({
      ...{ ...layer2, node, tell, settings: parts.layer2 },
      judged: (problems) => this.#state?.judge('layer2', problems),
    })
    this.#bgp = new BgpAnnouncing({
      ...{ ...bgp, node, tell, settings: parts.bgp },
      judged: (problems) => this.#state?.judge('bgp', problems),
    })
  }

  /** Returns a source that lets both see everything, and passes on what determines the rules. */
  through(source: Source): Source {
    return this.#layer2.through(this.#bgp.through(source))
  }

  /** Notes that the rules of all Services are programmed. */
  programmed(): void {
    this.#layer2.programmed()
    this.#bgp.programmed()
  }

  configure(settings: AnnouncersSettings): void {
    const parts = partsOf(settings)
    this.#state?.follow(waysOf(settings))
    this.#layer2.configure(parts.layer2)
    this.#bgp.configure(parts.bgp)
  }

  /** Returns what this node announces on layer 2; undefined where it does not, or has not begun. */
  view(): AnnounceView | undefined {
    return this.#layer2.view()
  }

  /** Returns what this node announces by BGP; undefined where it does not, or has not begun. */
  bgp(): BgpView | undefined {
    return this.#bgp.view()
  }

  /** Returns how many questions of layer 2 were answered, by address. */
  answers(): Promise<ReadonlyMap<string, number>> {
    return this.#layer2.answers()
  }

  /** Returns how many times the neighbours were told of each address. */
  gratuitous(): ReadonlyMap<string, number> {
    return this.#layer2.gratuitous()
  }

  /** Announces on layer 2 until `signal` aborts; the kernel then goes on for a while. */
  runLayer2(signal: AbortSignal): Promise<void> {
    return this.#layer2.run(signal)
  }

  /** Announces by BGP until `signal` aborts; the routes then stay. */
  runBgp(signal: AbortSignal): Promise<void> {
    return this.#bgp.run(signal)
  }

  /** Keeps the ConfigurationState of this node until `signal` aborts. */
  async runState(signal: AbortSignal): Promise<void> {
    await this.#state?.run(signal)
  }

  /**
   * Ends announcing before the agent ends. By BGP, takes the routes back if the settings say so, and with
   * `removes` all that is nodelb's in FRR. On layer 2 the kernel goes on for a while, but with `removes` the
   * addresses are handed over to other Nodes.
   */
  async leave(reason: string, removes: boolean): Promise<void> {
    await Promise.all([this.#bgp.leave(reason, removes), removes && this.#layer2.leave()])
  }

  /** Ends all announcing on layer 2, also what an earlier process began. */
  remove(): Promise<void> {
    return this.#layer2.remove()
  }
}

function waysOf({ layer2, bgp }: AnnouncersSettings): readonly ('layer2' | 'bgp')[] {
  return (['layer2', 'bgp'] as const).filter((way) => ({ layer2, bgp })[way].enabled)
}

function partsOf({ bgp, classes, ...layer2 }: AnnouncersSettings) {
  return { layer2: { ...layer2, classes }, bgp: { ...bgp, classes } }
}
