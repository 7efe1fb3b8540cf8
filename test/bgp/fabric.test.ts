import { afterEach, expect, test } from 'vitest'
import { BgpFabric } from '../support/bgp-fabric.ts'
import type { Scene } from '../support/bgp-fabric-files.ts'

const NODES = ['n1', 'n2', 'n3'] as const
const scene: Scene = {
  ...{ nodes: NODES, services: 4, endpoints: NODES, policy: 'Local', cordoned: [] },
  ...{ communities: [], bfd: false },
}

let fabric: BgpFabric | undefined
afterEach(async () => {
  await fabric?.remove()
})

/** All nodes announce, and the client connects to them. */
async function announcing(settings: object = {}): Promise<BgpFabric> {
  const built = await BgpFabric.build({ scene, settings })
  fabric = built
  await Promise.all(NODES.map((name) => built.start(name).first('agent-ready')))
  await built.routed(NODES)
  await built.watch(200)
  return built
}

/** Resolves with what became of so many connections that began from now on. */
async function connections(on: BgpFabric, count: number) {
  await on.report()
  await new Promise((resolve) => setTimeout(resolve, count * 5))
  return on.report()
}

test('a router spreads connections over three nodes, and loses none when one is drained', async () => {
  const on = await announcing({ drain: { cordoned: 'withdraw', grace: '1s' } })
  const before = await connections(on, 300)
  expect(before).toMatchObject({ lost: 0 })
  expect(Object.keys(before.through).sort()).toEqual(NODES)
  for (const name of NODES) expect(before.through[name]).toBeGreaterThan(50)
  on.write({ cordoned: ['n2'] })
  // It asks to be avoided first, and the router honours that.
  await on.routed(['n1', 'n3'])
  const { peers } = await leaving(on)
  expect(peers).toContain('gracefulShutdown')
  await on.agent('n2').next('bgp-draining')
  const drained = await connections(on, 300)
  expect(drained).toMatchObject({ lost: 0, losses: [] })
  expect(Object.keys(drained.through).sort()).toEqual(['n1', 'n3'])
  on.write({ cordoned: [] })
  await on.routed(NODES)
  expect(await on.report()).toMatchObject({ lost: 0 })
})

test('a node whose endpoints end is avoided while they still serve: no new connection is lost', async () => {
  const on = await announcing()
  on.write({ ending: ['n3'] })
  await on.routed(['n1', 'n2'])
  on.write({ ending: [], endpoints: ['n1', 'n2'] })
  await on.agent('n3').next('kernel-committed')
  expect(await connections(on, 200)).toMatchObject({ lost: 0 })
  // Where no other node has one that is ready, they are used as long as they serve.
  on.write({ ending: ['n1', 'n2'], services: 5 })
  await on.routed(['n1', 'n2'], 5)
  expect(await connections(on, 200)).toMatchObject({ lost: 0, losses: [] })
})

async function leaving(on: BgpFabric) {
  const [peers = ''] = await on.router.tell('bgpd', 'show bgp ipv4 unicast 100.64.0.0/32 json')
  return { peers }
}
