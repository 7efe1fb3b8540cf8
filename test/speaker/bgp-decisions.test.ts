import { expect, test } from 'vitest'
import { defaultAnnounceSettings } from '../../src/model/announce-settings.ts'
import { Decisions } from '../../src/speaker/bgp/decisions.ts'
import type { BgpNews } from '../../src/speaker/bgp/news.ts'
import { BgpObjectStore } from '../../src/watch/bgp-objects.ts'
import { BGP_RESOURCES } from '../../src/watch/bgp-resources.ts'
import { ObjectWalk } from '../../src/watch/objects.ts'
import { NODE_RESOURCES, type Resource } from '../../src/watch/resources.ts'
import { advertisement, bgpCluster, bgpNode, bgpPeer, bgpService } from '../support/bgp-objects.ts'

const FOLLOWED: readonly Resource[] = ['ipaddresspools', ...BGP_RESOURCES, ...NODE_RESOURCES]

/** Decides by a cluster whose Node is as given, with this grace. */
function started(node: object, grace: number) {
  const told: BgpNews[] = []
  const store = new BgpObjectStore(FOLLOWED)
  const put = (objects: readonly unknown[]): void => {
    const walk = new ObjectWalk('x.yaml', FOLLOWED, (resource, object) => {
      store.apply({ kind: 'object', resource, object, origin: 'x.yaml' })
    })
    for (const value of objects) walk.take({ kind: 'document', value })
  }
  put([...bgpCluster(bgpPeer('tor'), advertisement('all'), bgpService('a', '198.51.100.1')), node])
  const { bgp } = defaultAnnounceSettings
  const settings = { ...bgp, drain: { cordoned: 'withdraw', grace }, classes: [] } as const
  const decisions = new Decisions({
    ...{ node: 'n1', settings: () => settings, store: () => store },
    tell: (news) => told.push(news),
    judged: () => undefined,
  })
  const list = (): void => {
    for (const resource of FOLLOWED) {
      const names = new Set(named[resource])
      store.apply({ kind: 'listed', resource, names })
    }
  }
  return { told, decisions, put, list }
}

const named: Readonly<Partial<Record<Resource, readonly string[]>>> = {
  services: ['shop/a'],
  endpointslices: ['shop/a-1'],
  nodes: ['n1'],
  ipaddresspools: ['metallb-system/vips'],
  bgppeers: ['metallb-system/tor'],
  bgpadvertisements: ['metallb-system/all'],
}

/** What is announced: each prefix with its communities. */
function announced(decisions: Decisions): readonly string[] | undefined {
  return decisions.next()?.decision.routes.map(({ prefix, to }) => {
    return [prefix, ...[...to.values()].flatMap(({ communities }) => communities)].join(' ')
  })
}

test('nothing is decided before all objects are known', () => {
  const { decisions, list } = started(bgpNode(), 0)
  expect(decisions.next()).toBeUndefined()
  list()
  expect(announced(decisions)).toEqual(['198.51.100.1/32'])
})

test('a cordon has a grace, which a restart of the agent does not begin anew', () => {
  const cordoned = bgpNode({ unschedulable: true })
  const { told, decisions, put, list } = started(bgpNode(), 60_000)
  list()
  decisions.next()
  put([cordoned])
  expect(announced(decisions)).toEqual(['198.51.100.1/32 65535:0'])
  expect(decisions.next()?.again).toBeGreaterThan(0)
  expect(told).toEqual([
    { event: 'bgp-draining', reason: 'the Node is cordoned', graceMs: expect.any(Number) },
  ])
  put([bgpNode()])
  expect(announced(decisions)).toEqual(['198.51.100.1/32'])
  const again = started(cordoned, 60_000)
  again.list()
  expect(announced(again.decisions)).toEqual([])
  expect(again.told).toEqual([])
  // Nor does its end, which has a grace of its own.
  again.decisions.leave('SIGTERM', 'withdraw')
  expect(announced(again.decisions)).toEqual([])
})

test('the end withdraws routes, or all that is ours', () => {
  for (const ending of ['withdraw', 'remove'] as const) {
    const { decisions, list } = started(bgpNode(), 0)
    list()
    decisions.leave('SIGTERM', ending)
    const outlook = decisions.next()
    expect(outlook?.left).toBe('SIGTERM')
    expect(outlook?.decision.routes).toEqual([])
    expect(outlook?.tree.size === 0).toBe(ending === 'remove')
    decisions.stay()
    expect(announced(decisions)).toEqual(['198.51.100.1/32'])
  }
})
