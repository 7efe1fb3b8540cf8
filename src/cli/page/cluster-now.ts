import type { Config } from '../../config/config.ts'
import type { ClusterInput } from '../../view/cluster/cluster-input.ts'
import { type PageView, pageView } from '../../view/cluster/page-view.ts'
import type { ApiClient } from '../../watch/api/client.ts'
import { followApiServer } from '../../watch/api-source.ts'
import { CLUSTER_RESOURCES } from '../../watch/cluster-lists.ts'
import { FollowedLists } from '../../watch/followed-lists.ts'
import { NodeInterest } from '../../watch/node-interest.ts'
import type { Resource } from '../../watch/resources.ts'
import { configOf } from '../cluster/config.ts'
import { clusterInput, type Known } from '../cluster/read.ts'
import { Pace } from './pace.ts'

/** What is known of the cluster at one time. */
export interface ClusterState {
  readonly known: Known
  readonly input: ClusterInput
  readonly view: PageView
  /** What is wrong with what is known, such as a kind whose changes are not heard. */
  readonly troubles: readonly string[]
}

interface Options {
  readonly client: ApiClient
  /** What the page shows may be another. */
  readonly changed: () => void
}

/** So long, in milliseconds, the cluster is followed after the last one who looked. */
const IDLE_MS = 60_000
/** So long the first one waits for the objects. */
const FIRST_MS = 10_000
/** Times such as `4 min ago` are made anew so often, and so is all that depends on time alone. */
const TIMES_MS = 10_000
/** The configuration of the agents is read again so often. */
const CONFIG_MS = 60_000

/**
 * The Lease is renewed every 2 s, and of a thousand Nodes one or two tell of themselves every second: that is shown
 * with the times.
 */
const NO_NEWS: readonly Resource[] = ['controller-leases', 'nodelbnodestatuses']

/**
 * Knows the cluster while it is looked at: it begins to follow the objects with the first question, and
 * forgets them a while after the last. A page that nobody looks at costs nothing.
 */
export class ClusterNow {
  readonly #options: Options
  #following: Following | undefined
  #idle: NodeJS.Timeout | undefined
  #viewers = 0

  constructor(options: Options) {
    this.#options = options
  }

  /** Returns what is known now. The first call waits until all is known, or until that takes too long. */
  get(): Promise<ClusterState> {
    this.#following ??= new Following(this.#options)
    this.#restIfAlone()
    return this.#following.state()
  }

  /** So many look, and want to be told of changes. */
  watchedBy(viewers: number): void {
    this.#viewers = viewers
    this.#restIfAlone()
  }

  /** Forgets everything. */
  close(): void {
    clearTimeout(this.#idle)
    this.#following?.close()
    this.#following = undefined
  }

  #restIfAlone(): void {
    clearTimeout(this.#idle)
    if (this.#viewers === 0) this.#idle = setTimeout(() => this.close(), IDLE_MS).unref()
  }
}

/** The configuration of the agents, when it was read (by the monotonic clock), and what was wrong then. */
interface AgentConfig {
  readonly value: Config
  readonly said: readonly string[]
  readonly at: number
}

/** One time of following, from the first who looks to the last. */
class Following {
  readonly #options: Options
  readonly #stop = new AbortController()
  readonly #lists: FollowedLists
  readonly #pace: Pace
  readonly #timer: NodeJS.Timeout
  readonly #settled: Promise<void>
  #isSettled: () => void = () => undefined
  #config: AgentConfig | undefined
  #state: ClusterState | undefined
  #first: Promise<void> | undefined

  constructor(options: Options) {
    this.#options = options
    this.#settled = new Promise((resolve) => {
      this.#isSettled = resolve
    })
    this.#pace = new Pace(() => this.#renew())
    this.#lists = new FollowedLists((resource) => this.#heard(resource))
    this.#timer = setInterval(() => this.#pace.due(), TIMES_MS).unref()
    setTimeout(this.#isSettled, FIRST_MS).unref()
    const interest = new NodeInterest(true)
    const { client } = options
    const follow = followApiServer({ client, followed: CLUSTER_RESOURCES, node: '', interest })
    // No failure ends it, and a bug in it must not end the controller: the page says that it knows nothing.
    follow(this.#lists, this.#stop.signal).catch(() => this.#isSettled())
  }

  async state(): Promise<ClusterState> {
    await this.#settled
    if (this.#state === undefined) {
      // Several may ask for the first state at once, which is worked out once.
      this.#first ??= this.#renew().finally(() => {
        this.#first = undefined
      })
      await this.#first
    }
    return this.#state ?? this.#read(await this.#configuration())
  }

  close(): void {
    this.#stop.abort()
    this.#pace.close()
    clearInterval(this.#timer)
    this.#isSettled()
  }

  #heard(resource: Resource): void {
    if (this.#lists.settled()) this.#isSettled()
    if (this.#state !== undefined && !NO_NEWS.includes(resource)) this.#pace.due()
  }

  async #renew(): Promise<void> {
    const config = await this.#configuration()
    if (this.#stop.signal.aborted) return
    this.#state = this.#read(config)
    this.#options.changed()
  }

  #read({ value, said }: AgentConfig): ClusterState {
    const lists = this.#lists.lists()
    const known = { lists, config: value, at: new Date().toISOString() }
    const troubles = [...lists.troubles, ...said]
    const input = clusterInput(lists, value, known.at)
    return { known, input, view: pageView(input), troubles }
  }

  async #configuration(): Promise<AgentConfig> {
    const now = performance.now()
    if (this.#config !== undefined && now - this.#config.at < CONFIG_MS) return this.#config
    const said: string[] = []
    const place = { path: undefined, client: this.#options.client, lists: this.#lists.lists() }
    const value = await configOf(place, { say: (line) => said.push(line.replace(/^nodelb: /, '')) })
    if (value === undefined) throw new Error('a configuration of no file is always one')
    this.#config = { value, said, at: now }
    return this.#config
  }
}
