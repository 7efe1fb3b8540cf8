import { afterEach, describe, expect, test } from 'vitest'
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

test('with BFD a session ends soon after the peer fell silent', async () => {
  lan = await BgpLan.build({ daemons: ['zebra', 'bfdd', 'bgpd'] })
  await lan.router.run('bfdd')
  await lan.router.tell(
    'bgpd',
    ...['configure terminal', 'router bgp 65000', `neighbor ${NODE} bfd`, 'end'],
  )
  const fast = bfdProfile('fast', { transmitInterval: 100, receiveInterval: 100 })
  lan.write(bgpCluster(bgpPeer('tor', { bfdProfile: 'fast' }), advertisement('all'), web, fast))
  const agent = await lan.start()
  await lan.until(VIP)
  expect((await lan.announces()).problems).toEqual([])
  await eventually(async () => {
    const [text = ''] = await lan.node.tell('bfdd', 'show bfd peers json')
    return JSON.parse(text)[0]?.status === 'up'
  })
  await agent.next('bgp-session-up')
  await lan.announces(({ peers }) => peers[0]?.state === 'Established')
  agent.skip()
  // It keeps its carrier, so that nothing but its silence tells of it.
  await lan.router.silence()
  const began = performance.now()
  await agent.next('bgp-session-down', ({ peer }) => peer === 'tor')
  // The hold time is three minutes. The agent looks at the sessions each second.
  expect(performance.now() - began).toBeLessThan(10_000)
})

describe('an FRR that others configure', () => {
  const theirs = [
    ...['configure terminal', 'router bgp 64501', `bgp router-id ${NODE}`],
    'no bgp network import-check',
    ...['neighbor 10.0.0.88 remote-as 65088', 'address-family ipv4 unicast'],
    ...['network 192.0.2.0/24', 'end'],
  ]

  /** What others configured, as FRR prints it. */
  async function remaining(): Promise<readonly string[]> {
    const [text = ''] = await lan.node.tell('bgpd', 'show running-config')
    const lines = text.split('\n').map((line) => line.trim())
    return lines.filter((line) => /10\.0\.0\.88|192\.0\.2\.0|^router bgp/.test(line))
  }

  test('keeps all that is not ours, before, during and after', async () => {
    lan = await BgpLan.build()
    await lan.node.tell('bgpd', ...theirs)
    const before = await remaining()
    expect(before).toHaveLength(3)
    const frr = { sockets: lan.node.folder, shared: true }
    lan.configure({ frr })
    lan.write(bgpCluster(bgpPeer('tor'), advertisement('all'), web))
    const agent = await lan.start()
    await lan.until(VIP)
    expect(await lan.prefixes()).toEqual([VIP])
    expect(await remaining()).toEqual(before)
    lan.configure({ frr, enabled: false })
    await agent.next('bgp-withdrawn')
    await lan.gone(VIP)
    expect(await remaining()).toEqual(before)
  })

  test('for another AS is told, and left as it is', async () => {
    lan = await BgpLan.build()
    await lan.node.tell('bgpd', ...theirs)
    lan.configure({ frr: { sockets: lan.node.folder, shared: true } })
    lan.write(bgpCluster(bgpPeer('tor', { myASN: 64777 }), advertisement('all'), web))
    await lan.start()
    const { problems } = await lan.announces((view) => view.problems.length > 0)
    expect(problems[0]).toMatchObject({
      object: 'FRR',
      problem: expect.stringContaining('FRR has "router bgp 64501"'),
    })
    expect(await remaining()).toHaveLength(3)
  })
})

test('a peer over IPv6 gets IPv6 prefixes', async () => {
  lan = await BgpLan.build()
  await lan.node.ip('address', 'add', 'fd00::1/64', 'dev', 'eth0', 'nodad')
  await lan.router.ip('address', 'add', 'fd00::254/64', 'dev', 'eth0', 'nodad')
  await lan.router.tell(
    'bgpd',
    ...['configure terminal', 'router bgp 65000', 'neighbor fd00::1 remote-as external'],
    ...['neighbor fd00::1 passive', 'address-family ipv6 unicast', 'neighbor fd00::1 activate'],
    'end',
  )
  const six = bgpPeer('six', { peerAddress: 'fd00::254' })
  lan.write(
    bgpCluster(bgpPeer('tor'), six, advertisement('all'), web, bgpService('six', '2001:db8::10')),
  )
  const prefixes = async (): Promise<readonly string[]> => {
    const [text = ''] = await lan.router.tell('bgpd', 'show bgp ipv6 unicast json')
    return Object.keys(JSON.parse(text).routes ?? {})
  }
  await lan.start()
  await lan.until(VIP)
  await eventually(async () => (await prefixes()).length > 0)
  expect(await prefixes()).toEqual(['2001:db8::10/128'])
  // Each family goes to its peer.
  expect(await lan.prefixes()).toEqual([VIP])
})
