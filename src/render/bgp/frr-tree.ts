import type { BgpAnnouncements, BgpSession } from '../../announce/bgp/decision.ts'
import { placeOf } from '../../announce/bgp/session-end.ts'
import { familyOf, type IpFamily } from '../../model/address.ts'
import { DEFAULT_OFF } from '../../ruleset/bgp/frr-parse.ts'
import { type Context, contextOf, type Tree } from '../../ruleset/bgp/tree.ts'
import { classesOf, type RouteClass, takeFree } from './classes.ts'
import { bfdProfileLines, peerLines } from './peer-lines.ts'

/** The map that lets no route in; all peers have it. */
const IN = 'nodelb-in'
/** The last entry of an outgoing map; those of classes come before it. */
const LAST = 65_535
/** So many places there are for the entries of classes. */
const PLACES = 65_000

type Blocks = [Context, readonly string[]][]

/** What FRR has for each VRF. */
interface Router {
  readonly vrf: string
  readonly asn: number
  readonly peers: readonly BgpSession[]
}

/**
 * Returns how FRR has to be configured for what is wanted. A prefix is one line, for whatever number of
 * peers: it names its class, and the outgoing map of each peer has one entry for each class.
 */
export function treeOf(announced: BgpAnnouncements): Tree {
  const { asns, peers, routes, bfdProfiles } = announced
  const classes = classesOf(routes, new Map(peers.map(({ name, end }) => [name, placeOf(end)])))
  const blocks: Blocks = [
    ...(asns.size > 0 ? [[`route-map ${IN} deny 1`, []] as Blocks[number]] : []),
    ...classes.map(({ tag }): Blocks[number] => [
      `route-map ${className(tag)} permit 1`,
      [`set tag ${tag}`],
    ]),
    ...[...asns].flatMap(([vrf, asn]) => {
      const router = { vrf, asn, peers: peers.filter((each) => each.vrf === vrf) }
      const own = classes.filter((each) => each.vrf === vrf)
      return [...outgoingMaps(router, own), ...routerBlocks(announced, router, own)]
    }),
    ...bfdProfiles.map((profile): Blocks[number] => [
      contextOf(['bfd', `profile ${profile.name}`]),
      bfdProfileLines(profile),
    ]),
  ]
  return new Map(blocks.map(([context, lines]) => [context, new Set(lines)]))
}

function className(tag: number): string {
  return `nodelb-${tag}`
}

function outgoingName({ end, vrf }: BgpSession): string {
  return `nodelb-out-${placeOf(end)}${vrf === '' ? '' : `-${vrf}`}`
}

/** What has none of our tags does not leave: whatever others bring into FRR stays there. */
function outgoingMaps({ peers }: Router, classes: readonly RouteClass[]): Blocks {
  return peers.flatMap((peer) => {
    const name = outgoingName(peer)
    const place = placeOf(peer.end)
    const sent = classes.filter(({ treatments }) => treatments.has(place))
    const places = placesOf(sent.map(({ tag }) => tag))
    return [
      ...sent.map(({ tag, treatments }): Blocks[number] => [
        `route-map ${name} permit ${places.get(tag)}`,
        [`match tag ${tag}`, ...(treatments.get(place) ?? [])],
      ]),
      [`route-map ${name} deny ${LAST}`, []],
    ]
  })
}

/** A place that follows from the tag stays the same while other classes come and go. */
function placesOf(tags: readonly number[]): ReadonlyMap<number, number> {
  const taken = new Set<number>()
  const sorted = tags.toSorted((a, b) => a - b)
  return new Map(sorted.map((tag) => [tag, takeFree(tag, PLACES, taken)]))
}

function routerBlocks(
  { routerId }: BgpAnnouncements,
  router: Router,
  classes: readonly RouteClass[],
): Blocks {
  const header = `router bgp ${router.asn}${router.vrf === '' ? '' : ` vrf ${router.vrf}`}`
  const lines = [
    `bgp router-id ${routerId}`,
    DEFAULT_OFF,
    'bgp graceful-restart preserve-fw-state',
    // FRR would wait a second for other sessions before it sends what it has to a new one.
    'coalesce-time 50',
    'no bgp network import-check',
    ...router.peers.flatMap(peerLines),
  ]
  const families = (['ipv4', 'ipv6'] as const).map((family): Blocks[number] => [
    contextOf([header, `address-family ${family} unicast`]),
    familyLines(router, classes, family),
  ])
  return [[header, lines], ...families.filter(([, held]) => held.length > 0)]
}

function familyLines(
  router: Router,
  classes: readonly RouteClass[],
  family: IpFamily,
): readonly string[] {
  const peers = router.peers.filter(({ families }) => families.includes(family))
  return [
    ...classes.flatMap(({ tag, prefixes }) =>
      prefixes
        .filter((prefix) => familyOf(prefix) === family)
        .map((prefix) => `network ${prefix} route-map ${className(tag)}`),
    ),
    ...peers.flatMap((peer) => {
      const neighbour = `neighbor ${placeOf(peer.end)}`
      return [
        `${neighbour} activate`,
        `${neighbour} route-map ${IN} in`,
        `${neighbour} route-map ${outgoingName(peer)} out`,
      ]
    }),
  ]
}
