import type { BgpConfiguration } from '../announce/bgp/objects.ts'
import { decodeBgpAdvertisement } from '../decode/announcing/bgp-advertisement.ts'
import { decodeBfdProfile } from '../decode/announcing/bgp-bfd-profile.ts'
import { decodeCommunity } from '../decode/announcing/bgp-community.ts'
import { decodeBgpPeer } from '../decode/announcing/bgp-peer.ts'
import { decodeBgpSecret } from '../decode/announcing/bgp-secret.ts'
import { nameOf } from '../decode/fields.ts'
import type { Problem } from '../decode/problem.ts'
import { unreachable } from '../model/unreachable.ts'
import { BGP_RESOURCES, type BgpResource, isBgpResource } from './bgp-resources.ts'
import { KnownObjects } from './known-objects.ts'
import { keyIn, type Resource } from './resources.ts'
import { Shelf } from './shelf.ts'
import type { ObjectEvent, SourceEvent } from './source.ts'

/** The objects that are about BGP, as they were last readable (ADR 0010). */
export class BgpStore {
  readonly #read: (object: string, problems: readonly Problem[]) => void
  readonly #peers = new Shelf(decodeBgpPeer, ({ peer }) => peer)
  readonly #advertisements = new Shelf(decodeBgpAdvertisement, ({ advertisement }) => advertisement)
  readonly #profiles = new Shelf(decodeBfdProfile, ({ profile }) => profile)
  readonly #communities = new Shelf(decodeCommunity, ({ community }) => community)
  readonly #secrets = new Shelf(decodeBgpSecret, ({ secret }) => secret)

  readonly #known = new KnownObjects()

  /** `read` gets the problems of each object that was read; none if it is as it should be, or gone. */
  constructor(read: (object: string, problems: readonly Problem[]) => void) {
    this.#read = read
  }

  /** Takes an event of the source; returns whether it may change what is announced. */
  apply(event: SourceEvent): boolean {
    const { resource } = event
    if (!isBgpResource(resource)) return false
    switch (event.kind) {
      case 'object':
        return this.#add(resource, event)
      case 'deleted':
        return this.#remove(resource, keyIn(resource, event.namespace, event.name))
      case 'listed': {
        const isFirst = !this.complete([resource])
        const gone = this.#known.listed(resource, event.names)
        return gone.filter((key) => this.#remove(resource, key)).length > 0 || isFirst
      }
      default:
        return unreachable(event)
    }
  }

  /** Returns whether each of these kinds has been listed whole; nothing may be given up before. */
  complete(followed: readonly Resource[]): boolean {
    return this.#known.isComplete(followed)
  }

  configuration(): BgpConfiguration {
    return {
      peers: this.#peers.values(),
      advertisements: this.#advertisements.values(),
      bfdProfiles: this.#profiles.values(),
      communities: this.#communities.values(),
      secrets: new Map(this.#secrets.values().map((secret) => [secret.name, secret])),
    }
  }

  #add(resource: BgpResource, { object, origin = 'API server' }: ObjectEvent): boolean {
    const key = nameOf(object, true)
    const read = this.#shelfOf(resource).put(key, object, origin)
    this.#known.add(resource, key)
    this.#read(`${resource} ${key}`, read.problems)
    return read.isNews
  }

  /** An object may have gone only from one of two versions of its kind. */
  #remove(resource: BgpResource, key: string): boolean {
    this.#known.remove(resource, key)
    this.#read(`${resource} ${key}`, [])
    const shelf = this.#shelfOf(resource)
    const stays = BGP_RESOURCES.some(
      (each) => this.#shelfOf(each) === shelf && this.#known.keysOf(each).has(key),
    )
    return !stays && shelf.remove(key)
  }

  #shelfOf(resource: BgpResource): Pick<Shelf<unknown, never>, 'put' | 'remove'> {
    switch (resource) {
      case 'bgppeers':
      case 'bgppeers-v1beta1':
        return this.#peers
      case 'bgpadvertisements':
        return this.#advertisements
      case 'bfdprofiles':
        return this.#profiles
      case 'communities':
        return this.#communities
      case 'secrets':
        return this.#secrets
      default:
        return unreachable(resource)
    }
  }
}
