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
const all = advertisement('all')

let lan: BgpLan
afterEach(async () => {
  await lan?.remove()
})

async function established(): Promise<void> {
  await eventually(async () => (await lan.counters()).state === 'Established')
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
  lan = await BgpLan.build({ daemons: ['zebra', 'bfdd', 'bgpd'] })
  await lan.router.run('bfdd')
  await lan.router.tell(
    'bgpd',
    ...['configure terminal', 'router bgp 65000', `neighbor ${NODE} bfd`, 'end'],
  )
  const fast = bfdProfile('fast', { transmitInterval: 100, receiveInterval: 100 })
  const peer = bgpPeer('tor', { bfdProfile: 'fast', enableGracefulRestart: true })
  lan.write(bgpCluster(peer, all, web, fast))
  const agent = await lan.start()
  await lan.until(VIP)
  await lan.record()
  const isWatched = async (): Promise<boolean> => {
    const [text = ''] = await lan.router.tell('bfdd', 'show bfd peers json')
    return JSON.parse(text)[0]?.status === 'up'
  }
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
  await lan.node.silence()
  const began = performance.now()
  await lan.gone(VIP)
  // Without BFD it would be the hold time of three minutes, and two more.
  expect(performance.now() - began).toBeLessThan(20_000)
})
