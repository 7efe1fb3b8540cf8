import { afterEach, expect, test } from 'vitest'
import { BgpLan, NODE, ROUTER } from '../support/bgp-lan.ts'
import { advertisement, bgpCluster, bgpPeer, bgpService } from '../support/bgp-objects.ts'
import { eventually } from '../support/eventually.ts'

// One option of a BGPPeer after the other, with a router that wants it so.

let lan: BgpLan
afterEach(async () => {
  await lan?.remove()
})

const VIP = '198.51.100.10/32'
const VIP_V6 = '2001:db8::10/128'
const web = bgpService('web', '198.51.100.10')
const six = bgpService('six', '2001:db8::10')

/** Has the router's BGP configured with these lines. */
async function router(...lines: readonly string[]): Promise<void> {
  await lan.router.tell('bgpd', 'configure terminal', 'router bgp 65000', ...lines, 'end')
}

function write(spec: object, ...more: readonly (readonly object[])[]): void {
  lan.write(bgpCluster(bgpPeer('tor', spec), advertisement('all'), web, ...more))
}

/** Returns what the router has of a family. */
async function prefixes(family: 'ipv4' | 'ipv6'): Promise<readonly string[]> {
  const [text = ''] = await lan.router.tell('bgpd', `show bgp ${family} unicast json`)
  return Object.keys(JSON.parse(text).routes ?? {}).sort()
}

test('with another password there is no session, and with the right one there is', async () => {
  lan = await BgpLan.build()
  await router(`neighbor ${NODE} password right`)
  write({ password: 'wrong' })
  const agent = await lan.start()
  await lan.announces(({ peers }) => peers[0]?.state === 'Connect' || peers[0]?.state === 'Active')
  expect(await lan.prefixes()).toEqual([])
  write({ password: 'right' })
  await lan.until(VIP)
  expect(await lan.counters()).toMatchObject({ state: 'Established', established: 1 })
  expect(agent.transcript()).not.toMatch(/wrong|right/)
})

test('a peer on an interface has no address, and gets both families', async () => {
  lan = await BgpLan.build({ daemons: ['zebra', 'bgpd'] })
  await router(
    `no neighbor ${NODE}`,
    ...['neighbor eth0 interface remote-as external', 'address-family ipv6 unicast'],
    'neighbor eth0 activate',
  )
  write({ peerAddress: undefined, interface: 'eth0' }, six)
  await lan.start()
  await lan.until(VIP)
  await eventually(async () => (await prefixes('ipv6')).length > 0)
  expect(await prefixes('ipv6')).toEqual([VIP_V6])
  const { peers, problems } = await lan.announces((view) => view.peers[0]?.sent === 2)
  expect(peers).toMatchObject([{ name: 'tor', at: 'eth0', state: 'Established' }])
  expect(problems).toEqual([])
})

test('a peer several hops away is reached, where it is allowed to be', async () => {
  lan = await BgpLan.build()
  await lan.router.ip('link', 'set', 'lo', 'up')
  await lan.router.ip('address', 'add', '10.9.9.9/32', 'dev', 'lo')
  await lan.node.ip('route', 'add', '10.9.9.9', 'via', ROUTER)
  await router(`neighbor ${NODE} ebgp-multihop`, `neighbor ${NODE} update-source 10.9.9.9`)
  write({ peerAddress: '10.9.9.9' })
  await lan.start()
  // It is not on the link: FRR does not even dial.
  await lan.announces(({ peers }) => peers[0]?.state === 'Idle' || peers[0]?.state === 'Active')
  expect(await lan.prefixes()).toEqual([])
  write({ peerAddress: '10.9.9.9', ebgpMultiHop: true })
  await lan.until(VIP)
  expect(await lan.counters()).toMatchObject({ state: 'Established', established: 1 })
})

test('both families go over one session where the BGPPeer says so', async () => {
  lan = await BgpLan.build({ daemons: ['zebra', 'bgpd'] })
  await lan.node.ip('address', 'add', 'fd00::1/64', 'dev', 'eth0', 'nodad')
  await lan.router.ip('address', 'add', 'fd00::254/64', 'dev', 'eth0', 'nodad')
  await router('address-family ipv6 unicast', `neighbor ${NODE} activate`)
  write({ dualStackAddressFamily: true }, six)
  await lan.start()
  await lan.until(VIP)
  await eventually(async () => (await prefixes('ipv6')).length > 0)
  expect(await prefixes('ipv6')).toEqual([VIP_V6])
  expect(await lan.counters()).toMatchObject({ established: 1, dropped: 0 })
})

test('a port, an address of the node and another AS number are those that the router sees', async () => {
  lan = await BgpLan.build()
  await lan.node.ip('address', 'add', '10.0.0.77/24', 'dev', 'eth0')
  // A router that listens elsewhere cannot be told so while it runs.
  await lan.router.kill('bgpd')
  await lan.router.run('bgpd', '-p', '1179')
  await router(
    ...['no bgp ebgp-requires-policy', `bgp router-id ${ROUTER}`],
    ...['neighbor 10.0.0.77 remote-as 64700', 'neighbor 10.0.0.77 passive'],
  )
  write({ peerPort: 1179, sourceAddress: '10.0.0.77', localASN: 64700 })
  await lan.start()
  await lan.until(VIP)
  const [text = ''] = await lan.router.tell('bgpd', `show bgp ipv4 unicast ${VIP} json`)
  expect(JSON.parse(text).paths[0].aspath.string).toBe('64700')
})

test('an AS that is not named is whatever the router says, of another one or of our own', async () => {
  lan = await BgpLan.build()
  write({ peerASN: undefined, dynamicASN: 'external' })
  await lan.start()
  await lan.until(VIP)
  write({ peerASN: undefined, dynamicASN: 'internal' })
  await lan.gone(VIP)
})
