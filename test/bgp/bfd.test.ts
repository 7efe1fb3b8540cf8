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

let lan: BgpLan
afterEach(async () => {
  await lan?.remove()
})

const VIP = '198.51.100.10/32'
const web = bgpService('web', '198.51.100.10')
const tor = bgpPeer('tor', { bfdProfile: 'fast' })

function objects(milliseconds: number): readonly object[] {
  const intervals = { transmitInterval: milliseconds, receiveInterval: milliseconds }
  return bgpCluster(tor, advertisement('all'), web, bfdProfile('fast', intervals))
}

/** A node whose session with the router is watched by BFD on both sides. */
async function watched(): Promise<void> {
  lan = await BgpLan.build({ daemons: ['zebra', 'bfdd', 'bgpd'] })
  await lan.router.run('bfdd')
  await lan.router.tell(
    'bgpd',
    ...['configure terminal', 'router bgp 65000', `neighbor ${NODE} bfd`, 'end'],
  )
  lan.write(objects(100))
  await lan.start()
  await lan.until(VIP)
  await eventually(async () => (await bfd(lan.router)).status === 'up')
}

/** What a bfdd says of its only session. */
async function bfd(side: BgpLan['node']) {
  const [text = '[]'] = await side.tell('bfdd', 'show bfd peers json')
  return JSON.parse(text)[0] ?? {}
}

test('the routes of a node that falls silent are withdrawn because of BFD, not of the hold time', async () => {
  await watched()
  // It keeps its carrier, so that nothing but its silence tells of it.
  await lan.node.silence()
  await lan.gone(VIP)
  const [text = ''] = await lan.router.tell('bgpd', `show bgp neighbors ${NODE} json`)
  expect(JSON.parse(text)[NODE].lastNotificationReason).toBe('Cease/BFD Down')
  // The hold time is three minutes: that of BFD was enough.
  expect((await bfd(lan.router)).status).toBe('down')
})

test('other values of BFD are in force without a session that ends', async () => {
  await watched()
  const before = await lan.counters()
  lan.write(objects(150))
  await eventually(async () => (await bfd(lan.node))['transmit-interval'] === 150)
  // The other side has heard of it, and both are still up.
  await eventually(async () => (await bfd(lan.router))['remote-transmit-interval'] === 150)
  expect((await bfd(lan.router)).status).toBe('up')
  expect(await lan.counters()).toEqual(before)
  expect((await lan.announces()).problems).toEqual([])
})

test('with graceful restart the routes stay while the engine is away, and a silent node has none', async () => {
  await watched()
  const both = bgpPeer('tor', { bfdProfile: 'fast', enableGracefulRestart: true })
  const fast = bfdProfile('fast', { transmitInterval: 100, receiveInterval: 100 })
  lan.write(bgpCluster(both, advertisement('all'), web, fast))
  await eventually(async () => {
    const [text = ''] = await lan.node.tell('bgpd', 'show running-config')
    return text.includes('graceful-restart\n')
  })
  // It is in force with the next session.
  await lan.router.tell('bgpd', `clear bgp ${NODE}`)
  await eventually(async () => (await lan.counters()).state === 'Established')
  await lan.until(VIP)
  await lan.record()
  await lan.node.kill('bgpd')
  await eventually(async () => (await lan.counters()).state !== 'Established')
  expect(await lan.prefixes()).toEqual([VIP])
  await lan.node.run('bgpd')
  await eventually(async () => (await lan.counters()).state === 'Established')
  expect(await lan.prefixes()).toEqual([VIP])
  expect(lan.withdrawn()).toEqual([])
  await eventually(async () => (await bfd(lan.router)).status === 'up')
  await lan.node.silence()
  await lan.gone(VIP)
})
