import type { BgpSettings } from '../../model/announce-settings.ts'
import type { AnnounceObjects } from '../objects.ts'
import type { BgpAdvertisement } from './advertisement.ts'
import type { BfdProfile } from './bfd-profile.ts'
import type { CommunityNames } from './community.ts'
import type { BgpSecret } from './password.ts'
import type { BgpPeer } from './peer.ts'

/** MetalLB's objects that are about BGP; the order of the lists has no meaning. */
export interface BgpConfiguration {
  readonly peers: readonly BgpPeer[]
  readonly advertisements: readonly BgpAdvertisement[]
  readonly bfdProfiles: readonly BfdProfile[]
  readonly communities: readonly CommunityNames[]
  /** By `namespace/name`. */
  readonly secrets: ReadonlyMap<string, BgpSecret>
  /** The ConfigMaps of MetalLB up to 0.12 that do not count, as `namespace/name`. */
  readonly superseded?: readonly string[]
}

/** All that announcing by BGP depends on. */
export interface BgpObjects
  extends BgpConfiguration,
    Pick<AnnounceObjects, 'services' | 'endpoints' | 'pools'> {}

/** What the operator decides, besides the objects. */
export interface BgpDecisionSettings
  extends Pick<BgpSettings, 'ignoreExcludeLabel' | 'weightByEndpoints'> {
  readonly drain: Pick<BgpSettings['drain'], 'cordoned'>
  /** The classes of Services that are ours, besides those that name none. */
  readonly classes: readonly string[]
}
