import type { BgpObjects } from '../announce/bgp/objects.ts'
import { withOld } from '../announce/bgp/old-configuration.ts'
import type { AnnounceProblem } from '../announce/eligibility.ts'
import type { AnnouncerNode } from '../announce/objects.ts'
import type { Problem } from '../decode/problem.ts'
import { AnnounceStore } from './announce-store.ts'
import { isBgpResource } from './bgp-resources.ts'
import { BgpStore } from './bgp-store.ts'
import type { Resource } from './resources.ts'
import type { SourceEvent } from './source.ts'
import { UnreadObjects } from './unread-objects.ts'

/** All objects on which announcing by BGP depends, as they were last readable (ADR 0010). */
export class BgpObjectStore {
  readonly #followed: readonly Resource[]
  readonly #others: AnnounceStore
  readonly #bgp: BgpStore
  /** By object. Those of other objects are reported by the agent or the controller. */
  readonly #problems = new UnreadObjects()
  #hasNews = false

  /** `followed`: the kinds that the source follows. */
  constructor(followed: readonly Resource[]) {
    this.#followed = followed
    const others = followed.filter((each) => !isBgpResource(each))
    this.#others = new AnnounceStore({
      followed: others,
      read: (object, problems) => {
        const ofPeers = problems.filter(
          ({ kind, path }) => kind === 'ConfigMap' && /^data\.config\b/.test(path),
        )
        this.#note(object, ofPeers)
      },
    })
    this.#bgp = new BgpStore((object, problems) => this.#note(object, problems))
  }

  /** Takes an event of the source; returns whether it may change what is announced or reported. */
  apply(event: SourceEvent): boolean {
    this.#hasNews = false
    const store = isBgpResource(event.resource) ? this.#bgp : this.#others
    return store.apply(event) || this.#hasNews
  }

  /** Returns whether every kind has been listed whole; nothing may be given up before. */
  complete(): boolean {
    return this.#others.complete() && this.#bgp.complete(this.#followed.filter(isBgpResource))
  }

  objects(): BgpObjects {
    const { services, endpoints, pools } = this.#others.objects()
    const configuration = withOld(this.#bgp.configuration(), this.#others.old())
    return { ...configuration, services, endpoints, pools }
  }

  node(name: string): AnnouncerNode | undefined {
    return this.#others.objects().nodes.find((node) => node.name === name)
  }

  /** Returns the Secrets that peers name, sorted; undefined before all peers are known. */
  secretNames(): readonly string[] | undefined {
    const peerKinds = ['bgppeers', 'bgppeers-v1beta1'] as const
    if (!this.#bgp.complete(peerKinds.filter((each) => this.#followed.includes(each)))) {
      return undefined
    }
    const { peers } = this.#bgp.configuration()
    const names = peers.flatMap(({ password }) =>
      password.kind === 'secret' ? [password.secret] : [],
    )
    return [...new Set(names)].sort()
  }

  #note(object: string, problems: readonly Problem[]): void {
    if (this.#problems.note(object, problems)) this.#hasNews = true
  }

  /** Returns what is wrong with objects that are read for BGP alone. */
  problems(): readonly AnnounceProblem[] {
    return this.#problems.list()
  }

  /** Returns what is wrong with any object that says what is announced, and how. */
  unread(): readonly AnnounceProblem[] {
    return [...this.#problems.list(), ...this.#others.unread()]
  }
}
