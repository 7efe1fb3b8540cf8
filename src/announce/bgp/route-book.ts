import { type Cidr, cidrRange, familyOf } from '../../model/address.ts'
import { byText } from '../../model/compare-text.ts'
import type { ServiceName } from '../../model/service-name.ts'
import { type Community, communityTexts } from './community.ts'
import type { BgpRoute, BgpSession, RouteAttributes, Vrf } from './decision.ts'
import type { Offer } from './offers.ts'
import { type BgpSilenceReason, MOST_COMMUNITIES } from './silence.ts'
import { joinedWeight } from './weight.ts'

/** That a prefix goes to a peer, because an advertisement says so. */
export interface RouteWish {
  readonly session: Pick<BgpSession, 'name' | 'vrf'>
  readonly prefix: Cidr
  readonly offer: Pick<Offer, 'name' | 'localPref' | 'communities'>
  readonly service: ServiceName
  /** Undefined: traffic is not to be weighted. */
  readonly weight: number | undefined
}

type Conflict = Extract<
  BgpSilenceReason,
  { readonly kind: 'conflicting-local-pref' | 'too-many-communities' }
>

/** One prefix for one peer. */
interface Entry {
  readonly vrf: Vrf
  readonly prefix: Cidr
  readonly peer: string
  /** The advertisement that came first, and what it says. */
  readonly advertisement: string
  readonly localPref: number | undefined
  /** By their texts. */
  readonly communities: ReadonlyMap<string, Community>
  readonly weights: ReadonlyMap<ServiceName, number | undefined>
}

/** The routes of a node while they are gathered, Service by Service. */
export class RouteBook {
  /** By peer and prefix. */
  readonly #entries: Map<string, Entry> = new Map()

  /**
   * Takes all that is wished for one Service; the communities of a route add up. If one wish cannot
   * be beside the routes that are there, none is taken, and the reason is returned.
   */
  add(wishes: readonly RouteWish[]): Conflict | undefined {
    const draft = new Map<string, Entry>()
    for (const wish of wishes) {
      const key = keyOf(wish.session, wish.prefix)
      const entry = joined(draft.get(key) ?? this.#entries.get(key), wish)
      if ('kind' in entry) return entry
      draft.set(key, entry)
    }
    for (const [key, entry] of draft) this.#entries.set(key, entry)
    return undefined
  }

  /** Returns what a route carries in the end. */
  attributesOf(session: RouteWish['session'], prefix: Cidr): RouteAttributes {
    return attributesOf(this.#entries.get(keyOf(session, prefix)))
  }

  /** Returns all routes in order of VRF and prefix, each with its peers in order of name. */
  routes(): readonly BgpRoute[] {
    const routes = new Map<string, { vrf: Vrf; prefix: Cidr; to: Map<string, RouteAttributes> }>()
    for (const entry of [...this.#entries.values()].sort(byText(({ peer }) => peer))) {
      const { vrf, prefix, peer } = entry
      const key = `${vrf} ${prefix}`
      const route = routes.get(key) ?? { vrf, prefix, to: new Map() }
      route.to.set(peer, attributesOf(entry))
      routes.set(key, route)
    }
    return [...routes.values()]
      .map((route) => ({ route, key: sortable(route) }))
      .sort(byText(({ key }) => key))
      .map(({ route }) => route)
  }
}

function keyOf({ name }: RouteWish['session'], prefix: Cidr): string {
  return `${name} ${prefix}`
}

function joined(known: Entry | undefined, wish: RouteWish): Entry | Conflict {
  const { session, prefix, offer, service, weight } = wish
  const { name: peer, vrf } = session
  const { name: advertisement, localPref } = offer
  if (known !== undefined && known.localPref !== localPref) {
    const first = { advertisement: known.advertisement, localPref: known.localPref }
    const sides = [first, { advertisement, localPref }] as const
    return { kind: 'conflicting-local-pref', prefix, peer, sides }
  }
  const added = offer.communities.map((each) => [each.text, each] as const)
  const communities = new Map([...(known?.communities ?? []), ...added])
  const count = communities.size
  if (count > MOST_COMMUNITIES) return { kind: 'too-many-communities', prefix, peer, count }
  // Several advertisements, or addresses below one prefix, are no more endpoints.
  const weights = new Map([...(known?.weights ?? []), [service, weight]])
  return { ...(known ?? { vrf, prefix, peer, advertisement, localPref }), communities, weights }
}

function attributesOf(entry: Entry | undefined): RouteAttributes {
  const communities = [...(entry?.communities.values() ?? [])]
  return {
    communities: communityTexts(communities, 'standard'),
    largeCommunities: communityTexts(communities, 'large'),
    localPref: entry?.localPref,
    weight: joinedWeight([...(entry?.weights.values() ?? [])]),
  }
}

/** Texts in this form are in order of VRF, family, number and length. */
function sortable({ vrf, prefix }: Pick<BgpRoute, 'vrf' | 'prefix'>): string {
  const number = cidrRange(prefix).first.toString(16).padStart(32, '0')
  const length = prefix.slice(prefix.indexOf('/') + 1).padStart(3, '0')
  return `${vrf} ${familyOf(prefix)} ${number} ${length}`
}
