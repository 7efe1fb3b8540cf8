import { afterEach, expect, onTestFinished, test } from 'vitest'
import { BgpLan, NODE } from '../support/bgp-lan.ts'
import { advertisement, bgpCluster, bgpNode, bgpPeer, bgpService } from '../support/bgp-objects.ts'
import { eventually } from '../support/eventually.ts'
import type { FrrLab } from '../support/frr.ts'
import { SECOND_ROUTER, secondRouter } from '../support/second-router.ts'

const VIP = '198.51.100.10/32'
const web = bgpService('web', '198.51.100.10')
const all = advertisement('all')
const ROUTER = ['configure terminal', 'router bgp 65000']

let lan: BgpLan
afterEach(async () => {
  await lan?.remove()
})

/** Returns the prefixes of a family that a router has, whoever it has them from. */
async function prefixesOf(router: FrrLab, family: 'ipv4' | 'ipv6'): Promise<readonly string[]> {
  const [text = ''] = await router.tell('bgpd', `show bgp ${family} unicast json`)
  return Object.keys(JSON.parse(text).routes ?? {}).sort()
}

test('a peer on an interface, without an address, gets both families', async () => {
  lan = await BgpLan.build({ daemons: ['zebra', 'bgpd'] })
  await lan.router.tell(
    'bgpd',
    ...[...ROUTER, `no neighbor ${NODE}`, 'neighbor eth0 interface remote-as external'],
    ...['address-family ipv6 unicast', 'neighbor eth0 activate', 'end'],
  )
  const tor = bgpPeer('tor', { peerAddress: undefined, interface: 'eth0' })
  lan.write(bgpCluster(tor, all, web, bgpService('six', '2001:db8::10')))
  await lan.start()
  await lan.until(VIP)
  await eventually(async () => (await prefixesOf(lan.router, 'ipv6')).length > 0)
  expect(await prefixesOf(lan.router, 'ipv6')).toEqual(['2001:db8::10/128'])
})

test('a peer that is several hops away', async () => {
  lan = await BgpLan.build({ daemons: ['zebra', 'bgpd'] })
  await lan.router.ip('address', 'add', '10.9.9.9/32', 'dev', 'lo')
  await lan.node.ip('route', 'add', '10.9.9.9/32', 'via', '10.0.0.254')
  await lan.router.tell(
    'bgpd',
    ...[...ROUTER, `neighbor ${NODE} ebgp-multihop`, `neighbor ${NODE} update-source 10.9.9.9`],
    'end',
  )
  lan.write(bgpCluster(bgpPeer('tor', { peerAddress: '10.9.9.9', ebgpMultiHop: true }), all, web))
  await lan.start()
  await lan.until(VIP)
})

test('another address of the Node speaks where the first one has a session already', async () => {
  lan = await BgpLan.build({ daemons: [] })
  await lan.node.ip('address', 'add', '10.0.0.2/24', 'dev', 'eth0')
  // As in the component: port 179 of the Node stays free for another program that speaks BGP.
  const args = ['-Z', '-S', '-n', '-p', '0', '-f', '/dev/null', '--vty_socket', lan.node.folder]
  await lan.node.runAs('bgpd', [], [...args, '-P', '0', '-u', 'frr', '-g', 'frr'])
  await lan.router.tell(
    'bgpd',
    ...[...ROUTER, 'neighbor 10.0.0.2 remote-as 64501', 'neighbor 10.0.0.2 passive', 'end'],
  )
  lan.write(bgpCluster(bgpPeer('tor', { sourceAddress: '10.0.0.2' }), all, web))
  await lan.start()
  await lan.until(VIP)
  expect(await lan.counters()).toMatchObject({ established: 0 })
  const listening = await lan.node.listeners()
  expect(listening).not.toContain(':179')
})

test('an aggregate stays until the last Service below it goes', async () => {
  lan = await BgpLan.build()
  const wide = advertisement('all', { aggregationLength: 24 })
  const other = bgpService('other', '198.51.100.11')
  lan.write(bgpCluster(bgpPeer('tor'), wide, web, other))
  await lan.start()
  await lan.until('198.51.100.0/24')
  await lan.record()
  lan.write(bgpCluster(bgpPeer('tor'), wide, other, bgpService('more', '2001:db8::10')))
  await lan.announces(({ addresses }) => addresses.length === 1)
  expect(await lan.prefixes()).toEqual(['198.51.100.0/24'])
  expect(lan.withdrawn()).toEqual([])
  lan.write(bgpCluster(bgpPeer('tor'), wide))
  await lan.gone('198.51.100.0/24')
})

test('two routers get what is for each of them, and one does not notice the other', async () => {
  lan = await BgpLan.build()
  const second = await secondRouter(lan)
  onTestFinished(() => second.remove())
  const labels = { to: 'both' }
  const both = advertisement('both', { serviceSelectors: [{ matchLabels: labels }] })
  const first = advertisement('first', { peers: ['tor'], communities: ['64500:1'] })
  const spare = bgpPeer('spare', SECOND_ROUTER)
  const shared = bgpService('shared', '198.51.100.11', labels)
  lan.write(bgpCluster(bgpPeer('tor'), spare, both, first, web, shared))
  await lan.start()
  await eventually(async () => (await prefixesOf(second, 'ipv4')).length > 0)
  await lan.until(VIP)
  expect(await prefixesOf(second, 'ipv4')).toEqual(['198.51.100.11/32'])
  expect(await lan.prefixes()).toEqual([VIP, '198.51.100.11/32'])
  expect(await lan.received('198.51.100.11/32')).toMatchObject({ communities: ['64500:1'] })
  const before = await lan.counters()
  lan.write(bgpCluster(bgpPeer('tor'), both, first, web, shared))
  await eventually(async () => (await prefixesOf(second, 'ipv4')).length === 0)
  expect(await lan.counters()).toEqual(before)
})

/** The ConfigMap of MetalLB up to 0.12 with one peer. */
function oldConfigMap(peerAsn: unknown): object {
  const peers = [{ 'my-asn': 64501, 'peer-asn': peerAsn, 'peer-address': '10.0.0.254' }]
  const pools = [{ name: 'vips', protocol: 'bgp', addresses: ['198.51.100.0/24'] }]
  const config = JSON.stringify({ peers, 'address-pools': pools })
  const metadata = { namespace: 'metallb-system', name: 'config' }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { config } }
}

test('a peer of the old ConfigMap that turns bad keeps its session, and is told', async () => {
  lan = await BgpLan.build()
  lan.write([bgpNode(), oldConfigMap(65000), ...web])
  const agent = await lan.start()
  await lan.until(VIP)
  const before = await lan.counters()
  lan.write([bgpNode(), oldConfigMap('x'), ...web, ...bgpService('more', '198.51.100.11')])
  expect(await agent.first('bgp-problem')).toMatchObject({
    object: 'ConfigMap/metallb-system/config',
    problems: [expect.stringMatching(/^data\.config\.peers\[0\]\.peer-asn: found "x"/)],
  })
  await lan.until('198.51.100.11/32')
  expect(await lan.counters()).toEqual(before)
})

test('a node that no selector fits has neither session nor routes', async () => {
  lan = await BgpLan.build()
  const selected = { nodeSelectors: [{ matchLabels: { rack: 'a' } }] }
  const objects = bgpCluster(bgpPeer('tor', selected), all, web).slice(1)
  lan.write([bgpNode({}, { rack: 'b' }), ...objects])
  await lan.start()
  await lan.announces(({ failure, peers }) => failure === null && peers.length === 0)
  lan.write([bgpNode({}, { rack: 'a' }), ...objects])
  await lan.until(VIP)
  lan.write([bgpNode({}, { rack: 'b' }), ...objects])
  await lan.gone(VIP)
  expect(await lan.counters()).toMatchObject({ state: expect.not.stringMatching('Established') })
})

test('routes that others bring into the same FRR do not leave it', async () => {
  lan = await BgpLan.build({ daemons: ['zebra', 'bgpd'] })
  await lan.node.ip('route', 'add', '203.0.113.0/24', 'via', '10.0.0.99')
  await lan.node.tell(
    'bgpd',
    ...['configure terminal', 'router bgp 64501', `bgp router-id ${NODE}`],
    ...['no bgp network import-check', 'address-family ipv4 unicast', 'network 192.0.2.0/24'],
    ...['redistribute kernel', 'redistribute connected', 'end'],
  )
  lan.configure({ frr: { sockets: lan.node.folder, shared: true } })
  lan.write(bgpCluster(bgpPeer('tor'), all, web))
  await lan.start()
  await lan.until(VIP)
  const theirs = ['10.0.0.0/24', '192.0.2.0/24', '203.0.113.0/24']
  expect(await prefixesOf(lan.node, 'ipv4')).toEqual([...theirs, VIP].sort())
  expect(await lan.prefixes()).toEqual([VIP])
})
