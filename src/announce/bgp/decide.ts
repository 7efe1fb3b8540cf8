import { type Address, cidrAround, familyOf } from '../../model/address.ts'
import { byText } from '../../model/compare-text.ts'
import type { AnnounceProblem } from '../eligibility.ts'
import type { AnnouncedService, AnnouncerNode } from '../objects.ts'
import { poolsMissing } from '../problems.ts'
import { asker } from './ask-service.ts'
import type { BgpAnnouncements, BgpSession } from './decision.ts'
import type { BgpDecisionSettings, BgpObjects } from './objects.ts'
import { type Offer, offersOf } from './offers.ts'
import { supersededProblems } from './old-configuration.ts'
import { RouteBook, type RouteWish } from './route-book.ts'
import { routerIdOf } from './router-id.ts'
import { type Sessions, sessionsOn } from './sessions.ts'
import { printBgpSilence } from './silence.ts'
import { endpointWeights, type WeightOf } from './weight.ts'
import type { BgpWhy, WithheldReason } from './why.ts'

/** What a node announces, and why it does not announce the rest. */
export interface BgpDecision extends BgpAnnouncements {
  readonly problems: readonly AnnounceProblem[]
  /** In order of Service, address and peer. */
  readonly why: readonly BgpWhy[]
}

/**
 * Returns what a node announces by BGP, by MetalLB's rules, and why it does not announce the rest. A
 * mistake in an object stops that object alone. The order of objects has no meaning. `former` is what
 * the node announced before: a session goes on with what it had where that is gone.
 */
export function decideBgp(
  objects: BgpObjects,
  node: AnnouncerNode,
  settings: BgpDecisionSettings,
  former?: BgpAnnouncements,
): BgpDecision {
  const here = sessionsOn(node, objects, former)
  const offers = offersOf(objects)
  const { services, endpoints, pools } = objects
  const ask = asker({ node, endpoints, pools, offersOf: offers.of }, settings)
  const weightOf = settings.weightByEndpoints
    ? endpointWeights(endpoints, node.name)
    : () => undefined
  const book = new RouteBook()
  const answers = services
    .toSorted(byText(({ name }) => name))
    .map((service) => answerOf(service, ask(service), { ...here, weightOf }, book))
  const why = answers.flatMap((answer) => finished(answer, book))
  return {
    routerId: here.routerId ?? routerIdOf(node),
    asns: new Map(here.sessions.map(({ vrf, myAsn }) => [vrf, myAsn])),
    peers: here.sessions,
    bfdProfiles: profilesOf(here),
    routes: book.routes(),
    problems: [
      ...supersededProblems(objects.superseded ?? []),
      ...here.problems,
      ...offers.problems,
      ...poolsMissing('BGPAdvertisement', objects),
      ...echoProblems(why, here),
      ...conflictProblems(why),
    ],
    why,
  }
}

/** What is said of one address and one peer before all Services are known. */
type Draft =
  | Exclude<BgpWhy, { readonly kind: 'announced' }>
  | {
      readonly kind: 'wished'
      readonly service: AnnouncedService['name']
      readonly address: Address
      readonly session: BgpSession
      readonly wishes: readonly RouteWish[]
    }

/** What the routes of a Service are made with. */
interface Surroundings extends Sessions {
  readonly weightOf: WeightOf
}

function answerOf(
  announced: AnnouncedService,
  offered: ReturnType<ReturnType<typeof asker>>,
  { sessions, stopped, profiles, weightOf }: Surroundings,
  book: RouteBook,
): readonly Draft[] {
  const { name: service, addresses } = announced
  if (offered.kind !== 'offered') return [{ kind: 'silent', service, addresses, reason: offered }]
  if (sessions.length === 0) {
    return [{ kind: 'silent', service, addresses, reason: { kind: 'no-peer', stopped } }]
  }
  const drafts = addresses.flatMap((address) =>
    sessions.map((session): Draft => {
      const wishes = wishesFor(address, session, offered.offers, profiles)
      const place = { service, address }
      if ('kind' in wishes)
        return { kind: 'withheld', ...place, peer: session.name, reason: wishes }
      const weight = weightOf(announced, familyOf(address))
      const weighted = wishes.map((wish) => ({ ...wish, service, weight }))
      return { kind: 'wished', ...place, session, wishes: weighted }
    }),
  )
  const conflict = book.add(drafts.flatMap((each) => (each.kind === 'wished' ? each.wishes : [])))
  return conflict === undefined
    ? drafts
    : [{ kind: 'silent', service, addresses, reason: conflict }]
}

function wishesFor(
  address: Address,
  session: BgpSession,
  offers: readonly Offer[],
  profiles: Sessions['profiles'],
): readonly Omit<RouteWish, 'service' | 'weight'>[] | WithheldReason {
  const named = offers.filter(({ peers }) => peers?.includes(session.name) ?? true)
  const family = familyOf(address)
  if (named.length === 0) {
    return { kind: 'peer-not-named', advertisements: offers.map(({ name }) => name) }
  }
  if (!session.families.includes(family)) return { kind: 'other-family', family }
  const profile = profiles.get(session.bfdProfile ?? '')
  if (family === 'ipv6' && profile?.echoMode === true) {
    return { kind: 'echo-mode', profile: profile.name }
  }
  return named.map((offer) => {
    return { session, prefix: cidrAround(address, offer.lengths[family]), offer }
  })
}

function finished(drafts: readonly Draft[], book: RouteBook): readonly BgpWhy[] {
  return drafts.map((draft) => {
    if (draft.kind !== 'wished') return draft
    const { service, address, session, wishes } = draft
    const prefixes = [...new Set(wishes.map(({ prefix }) => prefix))].sort()
    const routes = prefixes.map((prefix) => {
      const advertisements = wishes.flatMap((each) =>
        each.prefix === prefix ? [each.offer.name] : [],
      )
      return { prefix, attributes: book.attributesOf(session, prefix), advertisements }
    })
    return { kind: 'announced', service, address, peer: session.name, routes }
  })
}

function profilesOf({ sessions, profiles }: Sessions): BgpDecision['bfdProfiles'] {
  const names = new Set(sessions.flatMap(({ bfdProfile }) => bfdProfile ?? []))
  return [...names].sort().flatMap((name) => profiles.get(name) ?? [])
}

/** FRR refuses echo packets where IPv6 plays a part, and MetalLB such a configuration. */
function echoProblems(why: readonly BgpWhy[], { sessions }: Sessions): readonly AnnounceProblem[] {
  const withheld = new Set(
    why.flatMap((each) =>
      each.kind === 'withheld' && each.reason.kind === 'echo-mode' ? [each.peer] : [],
    ),
  )
  return sessions
    .filter(({ name }) => withheld.has(name))
    .map(({ name, bfdProfile }) => ({
      object: `BGPPeer/${name}`,
      message: `spec.bfdProfile: found ${JSON.stringify(bfdProfile)} with echoMode, expected a BFDProfile without it for a peer that gets IPv6 prefixes; it gets none`,
    }))
}

function conflictProblems(why: readonly BgpWhy[]): readonly AnnounceProblem[] {
  return why.flatMap((each) => {
    if (each.kind !== 'silent') return []
    const { kind } = each.reason
    if (kind !== 'conflicting-local-pref' && kind !== 'too-many-communities') return []
    return [{ object: `Service/${each.service}`, message: printBgpSilence(each.reason) }]
  })
}
