import { type AnnouncedAddress, announcedOf } from '../../announce/bgp/announced.ts'
import type { ObjectProblems } from '../../announce/object-problems.ts'
import type { AnnouncedServices } from '../../announce/service-status.ts'
import { type RetryPolicy, Waits } from '../../model/retry.ts'
import { frrK8sProblems } from '../../render/bgp/frr-advertised.ts'
import { type FrrConfiguration, frrConfigurationOf } from '../../render/bgp/frr-configuration.ts'
import { Wakeup } from '../../watch/wakeup.ts'
import type { ConfigurationApi } from './configuration-api.ts'
import type { BgpAnnouncingSettings, BgpOutlook, Decisions } from './decisions.ts'
import type { TellBgp } from './news.ts'
import { bgpProblems } from './problems.ts'
import { ServiceNews } from './service-news.ts'
import { type BgpView, bgpViewOf } from './view.ts'

interface FrrK8sSpeakerOptions {
  readonly decisions: Decisions
  readonly settings: () => BgpAnnouncingSettings
  readonly api: Pick<ConfigurationApi, 'apply' | 'remove'>
  /** Where the FRRConfiguration of this Node is. */
  readonly namespace: string
  readonly tell: TellBgp
  /** Gets all Services that are announced, each with the names of its peers, whenever that changes. */
  readonly announced: (services: AnnouncedServices) => void
  /** Whether the rules of the Services are programmed, so that what is announced is also served. */
  readonly isProgrammed: () => boolean
}

/** Milliseconds from one change to the next: each has frr-k8s reload FRR. */
const GATHER_MS = 1_000
/** Milliseconds after which the object is written again, in case others changed it. */
const COMPARE_MS = 600_000
const AGAIN: RetryPolicy = { first: 1_000, most: 60_000, factor: 2, jitter: 0.5 }

/**
 * Writes what is decided into a FRRConfiguration, from which frr-k8s configures its FRR. The sessions are
 * those of frr-k8s, and are not seen here.
 */
export class FrrK8sSpeaker {
  readonly #options: FrrK8sSpeakerOptions
  readonly #wakeup = new Wakeup()
  readonly #waits = new Waits(AGAIN)
  readonly #problems: ObjectProblems
  readonly #serviceNews: ServiceNews
  #outlook: BgpOutlook | undefined
  #announced: readonly AnnouncedAddress[] = []
  /** What was written last, as text, and until when that counts. */
  #written: { readonly text: string; readonly until: number } | undefined
  #failure: string | undefined
  /** Before this nothing is written again, by the monotonic clock. */
  #notBefore = 0
  #hasEnded = false

  constructor(options: FrrK8sSpeakerOptions) {
    const { tell, announced } = options
    this.#options = options
    this.#problems = bgpProblems(tell)
    this.#serviceNews = new ServiceNews({ tell, changed: announced })
  }

  /** Has the speaker decide anew, such as after objects have changed. */
  wake(): void {
    this.#wakeup.now()
  }

  /** Returns what this node does at the moment; undefined before it has begun. */
  view(): BgpView | undefined {
    if (this.#outlook === undefined) return undefined
    const { decision } = this.#outlook
    const seen = { decision, sessions: [], announced: this.#announced, failure: this.#failure }
    return { ...bgpViewOf({ ...seen, problems: this.#problems.list() }), engine: 'frr-k8s' }
  }

  /** Announces until `signal` aborts, or until everything was withdrawn. The object then stays. */
  async run(signal: AbortSignal): Promise<void> {
    this.#wakeup.now()
    while (!signal.aborted && !this.#hasEnded) {
      await this.#wakeup.wait(signal)
      if (signal.aborted || !this.#options.isProgrammed()) continue
      const now = performance.now()
      if (now < this.#notBefore) this.#wakeup.after(this.#notBefore - now)
      else await this.#turn(signal)
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const outlook = this.#options.decisions.next()
    if (outlook === undefined) return
    this.#outlook = outlook
    const { decision, problems, again } = outlook
    const unused = frrK8sProblems(decision.peers, this.#options.settings())
    this.#problems.found([...problems, ...unused])
    if (again !== undefined) this.#wakeup.after(again)
    const failure = await this.#write(outlook, signal)
    if (signal.aborted) return
    if (failure !== undefined) return this.#failed(failure)
    this.#waits.reset()
    this.#announced = announcedOf(decision, () => true)
    this.#serviceNews.announced(this.#announced)
    if (outlook.left === undefined) return
    this.#hasEnded = true
    this.#options.tell({ event: 'bgp-withdrawn', reason: outlook.left })
  }

  /** Writes what is wanted, unless it is there; returns why that is not possible. */
  async #write(outlook: BgpOutlook, signal: AbortSignal): Promise<string | undefined> {
    const { api, namespace } = this.#options
    const { decision, node, configured, isRemoved } = outlook
    const wanted = frrConfigurationOf(decision, { node, namespace, configured })
    const text = isRemoved ? '' : JSON.stringify(wanted)
    const began = performance.now()
    const isThere = this.#written?.text === text && began < this.#written.until
    if (isThere && this.#failure === undefined) return undefined
    const failure = await writing(isRemoved, wanted, { api, signal })
    if (failure !== undefined || signal.aborted) return failure
    const ended = performance.now()
    this.#told(this.#written?.text === text, outlook, Math.round(ended - began))
    this.#written = { text, until: ended + COMPARE_MS }
    this.#notBefore = ended + GATHER_MS
    this.#wakeup.after(COMPARE_MS)
    return undefined
  }

  #told(isSame: boolean, { decision }: BgpOutlook, durationMs: number): void {
    const counts = { operations: 1, routes: decision.routes.length }
    const isFirst = this.#written === undefined || this.#failure !== undefined
    this.#failure = undefined
    if (isFirst) this.#options.tell({ event: 'bgp-engine-ready', ...counts })
    else if (!isSame) {
      this.#options.tell({ event: 'bgp-configured', ...counts, durationMs, resets: [] })
    }
  }

  /** The former object stays, and with it what is announced. */
  #failed(reason: string): void {
    if (reason !== this.#failure) this.#options.tell({ event: 'bgp-engine-lost', reason })
    this.#failure = reason
    const wait = this.#waits.next()
    this.#notBefore = performance.now() + wait
    this.#wakeup.after(wait)
  }
}

function writing(
  isRemoved: boolean,
  wanted: FrrConfiguration,
  { api, signal }: Pick<FrrK8sSpeakerOptions, 'api'> & { readonly signal: AbortSignal },
): Promise<string | undefined> {
  return isRemoved ? api.remove(wanted.metadata, signal) : api.apply(wanted, signal)
}
