import { familyOf, type IpFamily } from '../../model/address.ts'
import { DEFAULT_OFF } from '../../ruleset/bgp/frr-parse.ts'
import { type Context, contextOf, type Tree } from '../../ruleset/bgp/tree.ts'
import { classesOf, type RouteClass, takeFree } from './classes.ts'
import { bfdProfileLines, peerLines } from './peer-lines.ts'
import { peerWord, type WantedBgp, type WantedPeer, type WantedRouter } from './wanted.ts'

/** The map that lets no route in; all peers have it. */
const IN = 'nodelb-in'
/** The last entry of an outgoing map; those of classes come before it. */
const LAST = 65_535
/** So many places there are for the entries of classes. */
const PLACES = 65_000

type Blocks = [Context, readonly string[]][]

/**
 * Returns how FRR has to be configured for what is wanted. A prefix is one line, for whatever number of
 * peers: it names its class, and the outgoing map of each peer has one entry for each class.
 */
export function treeOf(wanted: WantedBgp): Tree {
  const classes = classesOf(wanted.routes)
  const blocks: Blocks = [
    ...(wanted.routers.length > 0 ? [[`route-map ${IN} deny 1`, []] as Blocks[number]] : []),
    ...classes.map(({ tag }): Blocks[number] => [
      `route-map ${className(tag)} permit 1`,
      [`set tag ${tag}`],
    ]),
    ...wanted.routers.flatMap((router) => {
      const own = classes.filter(({ vrf }) => vrf === router.vrf)
      return [...outgoingMaps(router, own), ...routerBlocks(wanted, router, own)]
    }),
    ...wanted.bfdProfiles.map((profile): Blocks[number] => [
      contextOf(['bfd', `profile ${profile.name}`]),
      bfdProfileLines(profile),
    ]),
  ]
  return new Map(blocks.map(([context, lines]) => [context, new Set(lines)]))
}

function className(tag: number): string {
  return `nodelb-${tag}`
}

function outgoingName({ place }: WantedPeer, { vrf }: WantedRouter): string {
  return `nodelb-out-${peerWord(place)}${vrf === '' ? '' : `-${vrf}`}`
}

/** What has none of our tags does not leave: whatever others bring into FRR stays there. */
function outgoingMaps(router: WantedRouter, classes: readonly RouteClass[]): Blocks {
  return router.peers.flatMap((peer) => {
    const name = outgoingName(peer, router)
    const sent = classes.filter(({ treatments }) => treatments.has(peerWord(peer.place)))
    const places = placesOf(sent.map(({ tag }) => tag))
    return [
      ...sent.map(({ tag, treatments }): Blocks[number] => [
        `route-map ${name} permit ${places.get(tag)}`,
        [`match tag ${tag}`, ...(treatments.get(peerWord(peer.place)) ?? [])],
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
  { routerId }: WantedBgp,
  router: WantedRouter,
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
    ...router.peers.flatMap((peer) => peerLines(peer, router.asn)),
  ]
  const families = (['ipv4', 'ipv6'] as const).map((family): Blocks[number] => [
    contextOf([header, `address-family ${family} unicast`]),
    familyLines(router, classes, family),
  ])
  return [[header, lines], ...families.filter(([, held]) => held.length > 0)]
}

function familyLines(
  router: WantedRouter,
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
      const neighbour = `neighbor ${peerWord(peer.place)}`
      return [
        `${neighbour} activate`,
        `${neighbour} route-map ${IN} in`,
        `${neighbour} route-map ${outgoingName(peer, router)} out`,
      ]
    }),
  ]
}
