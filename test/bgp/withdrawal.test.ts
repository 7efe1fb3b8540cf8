import { afterEach, expect, onTestFinished, test } from 'vitest'
import { BgpFabric } from '../support/bgp-fabric.ts'
import { BgpLan, NODE } from '../support/bgp-lan.ts'
import { advertisement, bgpNode, bgpPeer, bgpService, pool } from '../support/bgp-objects.ts'
import { eventually } from '../support/eventually.ts'
import type { FrrLab } from '../support/frr.ts'
import { NODE_OF_SECOND, SECOND_ROUTER, secondRouter } from '../support/second-router.ts'

/** What takes a Service's routes back from all routers and all nodes, and what brings them again. */

const VIP = '198.51.100.10/32'
const KEPT = '203.0.113.10/32'

let lan: BgpLan | undefined
let fabric: BgpFabric | undefined
afterEach(async () => {
  await lan?.remove()
  await fabric?.remove()
  lan = undefined
  fabric = undefined
})

const [service = {}, slice = {}] = bgpService('web', '198.51.100.10')
const parts = {
  service: [service],
  slice: [slice],
  pool: [pool('vips', ['198.51.100.0/24'])],
  advertisement: [advertisement('vips', { ipAddressPools: ['vips'] })],
}
type Parts = Readonly<Record<keyof typeof parts, readonly object[]>>

const without: readonly (readonly [string, Partial<Parts>])[] = [
  ['all its endpoints', { slice: [{ ...slice, endpoints: [] }] }],
  ['its EndpointSlice', { slice: [] }],
  ['its only ready endpoint', { slice: bgpService('web', '198.51.100.10', {}, false).slice(1) }],
  ['its last advertisement', { advertisement: [] }],
  ['its pool', { pool: [] }],
  ['its pool and its advertisement', { pool: [], advertisement: [] }],
]

/** What does not change: the node, two routers and, if told so, a Service of another pool. */
const sessions = [bgpNode(), bgpPeer('tor'), bgpPeer('spare', SECOND_ROUTER)]
const kept = [
  pool('kept', ['203.0.113.0/24']),
  advertisement('kept', { ipAddressPools: ['kept'] }),
  ...bgpService('kept', '203.0.113.10'),
]

function objects(change: Partial<Parts>, others: readonly object[]): readonly object[] {
  return [...sessions, ...others, ...Object.values({ ...parts, ...change }).flat()]
}

/** What a router has of the node, and how often its session with it came about and ended. */
async function seenBy(router: FrrLab, node: string) {
  const [table = '', summary = ''] = await router.tell(
    'bgpd',
    'show bgp ipv4 unicast json',
    'show bgp ipv4 unicast summary json',
  )
  const { state, connectionsEstablished, connectionsDropped } = JSON.parse(summary).peers[node]
  return {
    prefixes: Object.keys(JSON.parse(table).routes ?? {}).sort(),
    session: { state, connectionsEstablished, connectionsDropped },
  }
}

/** A node that announces to two routers, and what resolves once both have exactly these prefixes. */
async function twoRouters(first: readonly object[]) {
  const built = await BgpLan.build()
  lan = built
  const second = await secondRouter(built)
  onTestFinished(() => second.remove())
  const both = async () => ({
    first: await seenBy(built.router, NODE),
    second: await seenBy(second, NODE_OF_SECOND),
  })
  const have = (...prefixes: readonly string[]) =>
    eventually(async () =>
      Object.values(await both()).every((each) => each.prefixes.join() === prefixes.join()),
    )
  built.write(first)
  await built.start()
  return { built, both, have }
}

test.each(without)(
  'without %s a Service is withdrawn from all routers, and comes back with it',
  async (_, change) => {
    const { built, both, have } = await twoRouters(objects({}, kept))
    await have(VIP, KEPT)
    await built.record()
    const before = await both()
    built.write(objects(change, kept))
    await have(KEPT)
    built.write(objects({}, kept))
    await have(VIP, KEPT)
    expect(await both()).toEqual(before)
    // Once, and no other one with it.
    expect(built.withdrawn()).toEqual([VIP])
  },
)

test('when everything that is announced goes, one after the other, no session ends', async () => {
  const { built, both, have } = await twoRouters(objects({}, []))
  await have(VIP)
  const before = await both()
  for (const [, change] of without) {
    built.write(objects(change, []))
    await have()
    built.write(objects({}, []))
    await have(VIP)
  }
  expect(await both()).toEqual(before)
})

test('a Service whose endpoints all leave is withdrawn by all nodes, and comes back from all', async () => {
  const nodes = ['n1', 'n2', 'n3']
  const scene = { nodes, services: 2, endpoints: nodes, cordoned: [], communities: [], bfd: false }
  const on = await BgpFabric.build({ scene: { ...scene, policy: 'Cluster' } })
  fabric = on
  await Promise.all(nodes.map((name) => on.start(name).first('agent-ready')))
  await on.routed(nodes)
  const ended = async (): Promise<unknown> => {
    const [text = ''] = await on.router.tell('bgpd', 'show bgp ipv4 unicast summary json')
    const peers: Readonly<Record<string, { readonly connectionsDropped: number }>> =
      JSON.parse(text).peers
    return Object.entries(peers).map(([peer, { connectionsDropped }]) => [peer, connectionsDropped])
  }
  const before = await ended()
  expect(before).toHaveLength(3)
  on.write({ endpoints: [] })
  await on.routed([])
  // With one endpoint all nodes announce it again, which is policy Cluster.
  on.write({ endpoints: ['n2'] })
  await on.routed(nodes)
  expect(await ended()).toEqual(before)
})
