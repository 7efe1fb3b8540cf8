import { setTimeout as pause } from 'node:timers/promises'
import { BgpFabric } from '../support/bgp-fabric.ts'
import type { Scene } from '../support/bgp-fabric-files.ts'

export const NODES = ['n1', 'n2', 'n3'] as const
const OTHERS = ['n1', 'n2'] as const
export const SERVICES = 30
/** Connections in a second. */
const RATE = 100
/** What follows from an event is watched for so many milliseconds more. */
const AFTER_MS = 1_000

/** Something that happens to the node n3. */
export interface BgpEvent {
  /** To ask for it alone. */
  readonly name: string
  readonly title: string
  /** Resolves with how many milliseconds passed until what. */
  readonly happens: (fabric: BgpFabric) => Promise<Readonly<Record<string, number>>>
  /** Has all be as before. */
  readonly ends?: (fabric: BgpFabric) => Promise<void>
}

const scene: Scene = {
  ...{ nodes: NODES, services: SERVICES, endpoints: NODES, policy: 'Local', cordoned: [] },
  ...{ communities: [], bfd: true },
}

/** Three nodes that announce Services with the policy Local, and a client that connects to them. */
export async function eventFabric(): Promise<BgpFabric> {
  const settings = { drain: { cordoned: 'withdraw', grace: '1s' } }
  const fabric = await BgpFabric.build({ scene, settings })
  await Promise.all(NODES.map((name) => fabric.start(name).first('agent-ready')))
  await fabric.routed(NODES)
  await fabric.watched(NODES)
  await fabric.watch(RATE)
  await pause(AFTER_MS)
  return fabric
}

export const bgpEvents: readonly BgpEvent[] = [
  {
    name: 'added',
    title: 'a Service comes',
    async happens(fabric) {
      const began = performance.now()
      fabric.add(SERVICES)
      return { 'on the router': (await fabric.routed(NODES, SERVICES + 1)) - began }
    },
    ends: withoutMore,
  },
  {
    name: 'ready',
    title: 'the first endpoints of a Service are ready',
    async happens(fabric) {
      fabric.addWithoutEndpoints(SERVICES)
      await pause(AFTER_MS)
      const began = performance.now()
      fabric.add(SERVICES)
      return { 'on the router': (await fabric.routed(NODES, SERVICES + 1)) - began }
    },
    ends: withoutMore,
  },
  {
    name: 'ended',
    title: 'the endpoints of a node end, then go, policy Local',
    async happens(fabric) {
      const began = performance.now()
      fabric.write({ ending: ['n3'] })
      const routed = (await fabric.routed(OTHERS)) - began
      await pause(AFTER_MS)
      fabric.write({ ending: [], endpoints: OTHERS })
      await pause(AFTER_MS)
      return { 'the router avoids it': routed }
    },
    ends: endpointsBack,
  },
  {
    name: 'gone',
    title: 'the endpoints of a node go at once, policy Local',
    async happens(fabric) {
      const began = performance.now()
      fabric.write({ endpoints: OTHERS })
      const routed = (await fabric.routed(OTHERS)) - began
      await pause(AFTER_MS)
      return { 'the router avoids it': routed }
    },
    ends: endpointsBack,
  },
  {
    name: 'returned',
    title: 'endpoints come to a node, policy Local',
    async happens(fabric) {
      fabric.write({ endpoints: OTHERS })
      await fabric.routed(OTHERS)
      await pause(AFTER_MS)
      // What was lost until now is none of theirs.
      await fabric.report()
      const began = performance.now()
      fabric.write({ endpoints: NODES })
      const routed = (await fabric.routed(NODES)) - began
      await pause(AFTER_MS)
      return { 'on the router': routed }
    },
  },
  {
    name: 'silent',
    title: 'node cut off, BFD with 3 x 100 ms at both ends',
    async happens(fabric) {
      const began = performance.now()
      const left = fabric.routed(OTHERS)
      await fabric.cable('n3', 'out')
      const routed = (await left) - began
      await pause(AFTER_MS)
      return { 'the router avoids it': routed }
    },
    async ends(fabric) {
      await fabric.cable('n3', 'in')
      await allBack(fabric)
    },
  },
  { name: 'killed', title: 'agent killed and started again', happens: restarted('SIGKILL') },
  { name: 'upgraded', title: 'agent upgraded (SIGTERM)', happens: restarted('SIGTERM') },
  {
    name: 'engine',
    title: 'bgpd killed and started again',
    async happens(fabric) {
      const began = performance.now()
      const left = fabric.routed(OTHERS)
      await fabric.frr('n3').kill('bgpd')
      const avoided = (await left) - began
      await fabric.frr('n3').run('bgpd')
      const started = performance.now()
      const back = (await fabric.routed(NODES)) - started
      return { 'the router avoids it': avoided, 'on the router after its start': back }
    },
    ends: allBack,
  },
  {
    name: 'drained',
    title: 'node cordoned, GRACEFUL_SHUTDOWN for 1 s',
    async happens(fabric) {
      const began = performance.now()
      fabric.write({ cordoned: ['n3'] })
      const avoided = (await fabric.routed(OTHERS)) - began
      const withdrawn = (await fabric.withdrawn('n3')) - began
      await pause(AFTER_MS)
      return { 'the router avoids it': avoided, withdrawn }
    },
    async ends(fabric) {
      fabric.write({ cordoned: [] })
      await allBack(fabric)
    },
  },
]

async function withoutMore(fabric: BgpFabric): Promise<void> {
  fabric.add()
  await fabric.routes.until((routes) => routes.size === SERVICES)
}

async function endpointsBack(fabric: BgpFabric): Promise<void> {
  fabric.write({ endpoints: NODES })
  await fabric.routed(NODES)
}

async function allBack(fabric: BgpFabric): Promise<void> {
  await fabric.routed(NODES)
  await fabric.watched(NODES)
}

/** Routes and sessions are to notice nothing, so there is no time to take. */
function restarted(signal: NodeJS.Signals): BgpEvent['happens'] {
  return async (fabric) => {
    await fabric.agent('n3').end(signal)
    await pause(AFTER_MS)
    await fabric.start('n3').first('bgp-engine-ready')
    await pause(AFTER_MS)
    return {}
  }
}
