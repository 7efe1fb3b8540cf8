import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { BgpLan, NODE } from '../support/bgp-lan.ts'
import {
  advertisement,
  bfdProfile,
  bgpCluster,
  bgpPeer,
  bgpService,
} from '../support/bgp-objects.ts'
import { eventually } from '../support/eventually.ts'

/** What other announcers stumbled over, with a real router. */

const VIP = '198.51.100.10/32'
const web = bgpService('web', '198.51.100.10')
const other = bgpService('other', '198.51.100.11')
const all = advertisement('all')

let lan: BgpLan
afterEach(async () => {
  await lan?.remove()
})

async function established(): Promise<void> {
  await eventually(async () => (await lan.counters()).state === 'Established')
}

/** Tells the bgpd of the router what is said below its `router bgp`. */
function ofRouter(line: string): Promise<unknown> {
  return lan.router.tell('bgpd', 'configure terminal', 'router bgp 65000', line, 'end')
}

const fast = bfdProfile('fast', { transmitInterval: 100, receiveInterval: 100 })

/** A node with all of FRR, and a router that asks for BFD. */
async function withBfd(): Promise<void> {
  lan = await BgpLan.build({ daemons: ['zebra', 'bfdd', 'bgpd'] })
  await lan.router.run('bfdd')
  await ofRouter(`neighbor ${NODE} bfd`)
}

/** What the router says of BFD with the node; undefined if it has none. */
async function bfdOfRouter(): Promise<string | undefined> {
  const [text = ''] = await lan.router.tell('bfdd', 'show bfd peers json')
  return JSON.parse(text)[0]?.status
}

async function isWatched(): Promise<boolean> {
  return (await bfdOfRouter()) === 'up'
}

/** Whether the router has refused the node, as FRR 10.2 and 10.3 do while BFD is down. */
function isRefused(): boolean {
  const log = readFileSync(join(lan.router.folder, 'bgpd.log'), 'utf8')
  return log.includes(`${NODE} - incoming conn rejected`)
}

test('the first prefix of a family, and its last, reset nothing', async () => {
  lan = await BgpLan.build({ daemons: ['zebra', 'bgpd'] })
  await lan.node.ip('address', 'add', 'fd00::1/64', 'dev', 'eth0', 'nodad')
  await lan.router.ip('address', 'add', 'fd00::254/64', 'dev', 'eth0', 'nodad')
  await lan.router.tell(
    'bgpd',
    ...['configure terminal', 'router bgp 65000', 'address-family ipv6 unicast'],
    ...[`neighbor ${NODE} activate`, 'end'],
  )
  const both = bgpPeer('tor', { dualStackAddressFamily: true })
  const six = bgpService('six', '2001:db8::10')
  const sixes = async (): Promise<number> => {
    const [text = ''] = await lan.router.tell('bgpd', 'show bgp ipv6 unicast json')
    return Object.keys(JSON.parse(text).routes ?? {}).length
  }
  lan.write(bgpCluster(both, all))
  await lan.start()
  await established()
  const before = await lan.counters()
  lan.write(bgpCluster(both, all, web))
  await lan.until(VIP)
  lan.write(bgpCluster(both, all, web, six))
  await eventually(async () => (await sixes()) === 1)
  lan.write(bgpCluster(both, all))
  await lan.gone(VIP)
  await eventually(async () => (await sixes()) === 0)
  expect(await lan.counters()).toEqual(before)
})

test('with graceful restart an FRR that is killed keeps its routes, and with BFD a silent node does not', async () => {
  await withBfd()
  const peer = bgpPeer('tor', { bfdProfile: 'fast', enableGracefulRestart: true })
  lan.write(bgpCluster(peer, all, web, fast))
  const agent = await lan.start()
  await lan.until(VIP)
  await lan.record()
  await eventually(isWatched)
  // BFD has begun with the session, and has not ended it.
  expect(await lan.counters()).toMatchObject({ state: 'Established', established: 1, dropped: 0 })
  agent.skip()
  await lan.node.kill('bgpd')
  await eventually(async () => (await lan.counters()).state !== 'Established')
  expect(await lan.prefixes()).toEqual([VIP])
  await lan.node.run('bgpd')
  await agent.next('bgp-engine-ready')
  await established()
  expect(await lan.prefixes()).toEqual([VIP])
  expect(lan.withdrawn()).toEqual([])
  await eventually(isWatched)
  await lan.lasting()
  await lan.node.silence()
  const began = performance.now()
  await lan.gone(VIP)
  // Without BFD it would be the hold time of three minutes, and two more.
  expect(performance.now() - began).toBeLessThan(20_000)
})

test('BFD that is taken off here and stays on the router resets the session once, and diff says so before', async () => {
  await withBfd()
  lan.write(bgpCluster(bgpPeer('tor', { bfdProfile: 'fast' }), all, web, fast))
  const agent = await lan.start()
  await lan.until(VIP)
  await eventually(isWatched)
  // It began with the session, which is nobody else's change.
  expect(agent.lines.map(({ event }) => event)).not.toContain('bgp-drift-repaired')
  const before = await lan.counters()
  const file = join(lan.folder, 'without-bfd.json')
  const without = bgpCluster(bgpPeer('tor'), all, web)
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: without }))
  const { out } = await lan.nodelb('diff', '-f', file, ...lan.configuration, '--node', 'n1')
  expect(out).toMatch(
    /- neighbor 10\.0\.0\.254 bfd {3}# the other end resets the session if it has BFD/,
  )
  await lan.router.tell('bgpd', 'debug bgp neighbor-events')
  agent.skip()
  lan.write(without)
  await agent.next('bgp-session-down', ({ peer }) => peer === 'tor')
  const after = (times: number) => ({
    ...{ state: 'Established', established: before.established + times },
    dropped: before.dropped + times,
  })
  const isBack = async (): Promise<boolean> => (await lan.counters()).state === 'Established'
  await eventually(async () => (await isBack()) || isRefused())
  // The router has it still, and hears nothing.
  expect(await bfdOfRouter()).toBe('down')
  let times = 1
  if (!isRefused()) {
    expect(await lan.counters()).toEqual(after(1))
    // A session that ends for another reason comes back as well.
    await lan.router.tell('bgpd', `clear bgp ${NODE}`)
    await eventually(async () => (await lan.counters()).established === before.established + 2)
    times = 2
  }
  await ofRouter(`no neighbor ${NODE} bfd`)
  await eventually(async () => (await bfdOfRouter()) === undefined)
  await eventually(isBack)
  lan.write(bgpCluster(bgpPeer('tor'), all, web, other))
  await lan.until('198.51.100.11/32')
  expect(await lan.counters()).toEqual(after(times))
})

test('BFD that is taken off on the router and stays here resets the session once as well', async () => {
  await withBfd()
  lan.write(bgpCluster(bgpPeer('tor', { bfdProfile: 'fast' }), all, web, fast))
  const agent = await lan.start()
  await agent.next('bgp-session-up')
  await lan.until(VIP)
  await eventually(isWatched)
  const before = await lan.counters()
  await ofRouter(`no neighbor ${NODE} bfd`)
  await agent.next('bgp-session-down')
  await agent.next('bgp-session-up')
  lan.write(bgpCluster(bgpPeer('tor', { bfdProfile: 'fast' }), all, web, fast, other))
  await lan.until('198.51.100.11/32')
  const once = { ...before, established: before.established + 1, dropped: before.dropped + 1 }
  expect(await lan.counters()).toEqual(once)
})

test('what others took away is there again soon after any change of the objects', async () => {
  lan = await BgpLan.build()
  const cluster = bgpCluster(bgpPeer('tor'), advertisement('all'), web)
  lan.write(cluster)
  const agent = await lan.start()
  await lan.until(VIP)
  const [text = ''] = await lan.node.tell('bgpd', 'show running-config')
  const [line = ''] = /network \S+ route-map \S+/.exec(text) ?? []
  const family = ['router bgp 64501', 'address-family ipv4 unicast']
  await lan.node.tell('bgpd', 'configure terminal', ...family, `no ${line}`, 'end')
  await lan.gone(VIP)
  lan.write([...cluster, ...bgpService('other-pool', '203.0.113.1')])
  await agent.first('bgp-drift-repaired')
  await lan.until(VIP)
})
