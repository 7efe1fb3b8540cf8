import type { BgpConfiguration } from '../announce/bgp/objects.ts'
import { decodeBgpAdvertisement } from '../decode/announcing/bgp-advertisement.ts'
import { decodeBfdProfile } from '../decode/announcing/bgp-bfd-profile.ts'
import { decodeCommunity } from '../decode/announcing/bgp-community.ts'
import { decodeBgpPeer } from '../decode/announcing/bgp-peer.ts'
import { decodeBgpSecret } from '../decode/announcing/bgp-secret.ts'
import { nameOf } from '../decode/fields.ts'
import type { Problem } from '../decode/problem.ts'
import { unreachable } from '../model/unreachable.ts'
import { type BgpResource, isBgpResource } from './bgp-resources.ts'
import { Shelf } from './shelf.ts'
import type { ObjectEvent } from './source.ts'

/** The objects that are about BGP, as they were last readable (ADR 0010). */
export class BgpStore {
  readonly #note: (problems: readonly Problem[]) => void
  readonly #peers = new Shelf(decodeBgpPeer, (read) =>
    read.kind === 'peer' ? read.peer : undefined,
  )
  readonly #advertisements = new Shelf(decodeBgpAdvertisement, (read) =>
    read.kind === 'advertisement' ? read.advertisement : undefined,
  )
  readonly #profiles = new Shelf(decodeBfdProfile, (read) =>
    read.kind === 'profile' ? read.profile : undefined,
  )
  readonly #communities = new Shelf(decodeCommunity, (read) =>
    read.kind === 'community' ? read.community : undefined,
  )
  readonly #secrets = new Shelf(decodeBgpSecret, (read) =>
    read.kind === 'secret' ? read.secret : undefined,
  )

  /** `note` gets what is wrong with an object. */
  constructor(note: (problems: readonly Problem[]) => void) {
    this.#note = note
  }

  take({ resource, object, origin = 'API server' }: ObjectEvent): void {
    if (!isBgpResource(resource)) return
    const read = this.#shelfOf(resource).take(nameOf(object, true), object, origin)
    this.#note(read.problems)
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

  #shelfOf(resource: BgpResource): Pick<Shelf<unknown, never>, 'take'> {
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
