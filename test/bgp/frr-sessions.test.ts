import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type {
  BgpAnnouncements,
  BgpSession,
  RouteAttributes,
} from '../../src/announce/bgp/decision.ts'
import { SecretText } from '../../src/announce/bgp/secret-text.ts'
import { Frr } from '../../src/apply/bgp/frr.ts'
import type { Address } from '../../src/model/address.ts'
import { effectOnSession } from '../../src/plan/bgp/effect-on-session.ts'
import type { Operation } from '../../src/plan/bgp/operation.ts'
import { treeOf } from '../../src/render/bgp/frr-tree.ts'
import { peer, route, wanted } from '../golden/bgp-cases.ts'
import { FrrLab } from '../support/frr.ts'
import { isLong } from '../support/runs.ts'

const ROUTER = '10.0.0.254'
const NODE = '10.0.0.1'

let node: FrrLab
let router: FrrLab
let frr: Frr
/** The first number of FRR's version. */
let version: number
let markers = 0

beforeAll(async () => {
  // As it ships for plain peers: bgpd alone.
  node = await FrrLab.start('bgpd')
  router = await FrrLab.start('zebra', 'bgpd')
  await node.connect(router, `${NODE}/24`, `${ROUTER}/24`)
  await router.tell(
    'bgpd',
    ...['configure terminal', 'router bgp 65000', 'no bgp ebgp-requires-policy'],
    ...[`neighbor ${NODE} remote-as external`, `neighbor ${NODE} passive`, 'end'],
  )
  const [told = ''] = await node.tell('bgpd', 'show version')
  version = Number(/^FRRouting (\d+)/.exec(told)?.[1])
  const opened = await Frr.open({ folder: node.folder, ownership: 'whole', broke: () => {} })
  if (opened.kind === 'broken') throw new Error(opened.reason)
  frr = opened.frr
})
afterAll(async () => {
  frr?.close()
  await node?.remove()
  await router?.remove()
})

/** How the router has a prefix; undefined if it has not. */
async function received(prefix: string): Promise<string | undefined> {
  const [text = ''] = await router.tell('bgpd', `show bgp ipv4 unicast ${prefix} json`)
  return text.includes('"paths"') ? text : undefined
}

/** Resolves when the router has a prefix. */
async function reached(prefix: string): Promise<void> {
  while ((await received(prefix)) === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Has it configured, with one more prefix, and waits until the router has that. */
async function arrived({ routes, ...rest }: BgpAnnouncements): Promise<readonly Operation[]> {
  const marker = `203.0.113.${++markers}/32`
  const all = [...routes, route(marker, [ROUTER])]
  const brought = await frr.bring(treeOf({ ...rest, routes: all }))
  if (brought.kind === 'broken') throw new Error(brought.reason)
  expect(brought.refused).toEqual([])
  await reached(marker)
  return brought.plan
}

/** How often the session has come about. */
async function established(): Promise<number> {
  const told = await frr.sessions()
  if (told.kind === 'broken') throw new Error(told.reason)
  return told.sessions[0]?.established ?? 0
}

const usual = peer(ROUTER, { connectTime: 1 })
/** The cases build on one another. */
let present = wanted([usual])

interface Case {
  readonly what: string
  readonly peer?: Partial<BgpSession>
  readonly attributes?: Partial<RouteAttributes>
  readonly rest?: Partial<BgpAnnouncements>
  /** What the operator of the router has to change as well. */
  readonly told?: string
  readonly effect: 'nothing' | 'next-session' | 'resets'
  /** Older versions of FRR leave the session as it is. */
  readonly since?: number
}

const VIP = '198.51.100.10/32'

describe('what a change does to the session is what was said', () => {
  const all: readonly Case[] = [
    { what: 'communities', attributes: { communities: ['64500:1'] }, effect: 'nothing' },
    { what: 'how often to connect', peer: { connectTime: 2 }, effect: 'nothing' },
    { what: 'timers', peer: { timers: { keepalive: 3, hold: 9 } }, effect: 'next-session' },
    {
      what: 'graceful restart',
      peer: { gracefulRestart: true },
      effect: 'resets',
      since: 10,
    },
    {
      what: 'external instead of a number',
      peer: { remoteAs: { kind: 'external' } },
      effect: 'resets',
    },
    { what: 'another number of ours', peer: { localAsn: 64700 }, effect: 'resets' },
    {
      what: 'a password',
      peer: { password: new SecretText('secret') },
      told: `neighbor ${NODE} password secret`,
      effect: 'resets',
    },
    { what: 'several hops', peer: { ebgpMultihop: true }, effect: 'resets' },
    { what: 'the source', peer: { sourceAddress: NODE as Address }, effect: 'resets' },
    { what: 'IPv6 as well', peer: { families: ['ipv4', 'ipv6'] }, effect: 'resets' },
    { what: 'the identifier', rest: { routerId: '10.0.0.9' as Address }, effect: 'resets' },
  ]
  // Each reset takes seconds.
  const some = all.filter(({ what, effect }) => effect !== 'resets' || what === 'a password')
  test.each(isLong ? all : some)(
    '$what: $effect',
    async ({ peer: options, attributes, rest, told, effect, since = 0 }) => {
      await arrived(present)
      const before = await established()
      if (told !== undefined) {
        await router.tell('bgpd', 'configure terminal', 'router bgp 65000', told, 'end')
      }
      const peers = present.peers.map((each) => ({ ...each, ...options }))
      present = wanted(peers, [route(VIP, [ROUTER], attributes)], rest)
      const effects = new Set((await arrived(present)).map(effectOnSession))
      effects.delete('nothing')
      expect([...effects]).toEqual(effect === 'nothing' ? [] : [effect])
      const times = (await established()) - before
      if (effect === 'resets' && version >= since) expect(times).toBeGreaterThan(0)
      else expect(times).toBe(0)
    },
  )
})

test('the router gets what is wanted, and only that', async () => {
  const attributes = { communities: ['65535:0', '64500:1'], largeCommunities: ['64500:1:2'] }
  await arrived({ ...present, routes: [route(VIP, [ROUTER], attributes)] })
  const text = await received(VIP)
  expect(text).toContain('"64500:1 graceful-shutdown"')
  expect(text).toContain('"64500:1:2"')
  // What others bring into bgpd has no tag, and does not leave.
  const tree = treeOf(wanted([usual], [route(VIP, [ROUTER], attributes)]))
  const [, map] = [...tree.keys()].map((context) => /^route-map (nodelb-\d+) /.exec(context)?.[1])
  await node.tell(
    'bgpd',
    ...['configure terminal', 'router bgp 64501', 'address-family ipv4 unicast'],
    ...['network 192.0.2.0/24', `network 192.0.2.1/32 route-map ${map}`, 'end'],
  )
  await reached('192.0.2.1/32')
  expect(await received('192.0.2.0/24')).toBeUndefined()
})

test('sessions are told with state and number of prefixes', async () => {
  const peers = [...present.peers, peer('10.0.0.77')]
  await arrived({ ...present, peers, routes: [] })
  const told = await frr.sessions()
  const sessions = told.kind === 'sessions' ? told.sessions : []
  expect(sessions).toHaveLength(2)
  expect(sessions).toContainEqual(
    expect.objectContaining({
      ...{ vrf: '', peer: ROUTER, state: 'Established' },
      families: expect.arrayContaining([{ name: 'ipv4Unicast', sent: 1 }]),
    }),
  )
  expect(sessions).toContainEqual(
    expect.objectContaining({
      ...{ vrf: '', peer: '10.0.0.77', uptime: 0, established: 0, dropped: 0 },
      families: [{ name: 'ipv4Unicast', sent: 0 }],
    }),
  )
})
