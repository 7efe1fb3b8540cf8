import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { BgpLan, ROUTER } from '../support/bgp-lan.ts'
import {
  advertisement,
  bfdProfile,
  bgpCluster,
  bgpNode,
  bgpPeer,
  bgpService,
  pool,
  secret,
} from '../support/bgp-objects.ts'

let lan: BgpLan
afterEach(async () => {
  await lan?.remove()
})

const VIP = '198.51.100.10/32'
const plain = [bgpPeer('tor'), advertisement('all')]
const web = bgpService('web', '198.51.100.10')
const GRACEFUL_SHUTDOWN = 'gracefulShutdown'

/** A node that announces a Service, and the session. */
async function announcing(settings: object = {}, ...more: readonly object[]) {
  lan = await BgpLan.build({ settings })
  lan.write(bgpCluster(plain, web, ...more))
  const agent = await lan.start()
  await lan.until(VIP)
  return agent
}

test('a Service is announced when it comes, changed in place, and withdrawn when it goes', async () => {
  const agent = await announcing()
  const before = await lan.counters()
  expect(before).toMatchObject({ state: 'Established', dropped: 0 })
  const marked = advertisement('all', { communities: ['64500:1', 'large:1:2:3'] })
  lan.write(bgpCluster(bgpPeer('tor'), marked, web))
  const received = await lan.until(VIP, (route) => (route?.communities.length ?? 1) > 0)
  expect(received).toMatchObject({ communities: ['64500:1'], largeCommunities: ['1:2:3'] })
  lan.write(bgpCluster(plain, bgpService('other', '198.51.100.11')))
  await lan.gone(VIP)
  await lan.until('198.51.100.11/32')
  expect(await lan.counters()).toEqual(before)
  expect(await agent.end('SIGTERM')).toBe(0)
  // The end of the agent is none of the routes.
  expect(await lan.prefixes()).toEqual(['198.51.100.11/32'])
  expect(await lan.counters()).toEqual(before)
})

test('an agent that starts again changes nothing', async () => {
  const agent = await announcing()
  const before = await lan.counters()
  await agent.end('SIGKILL')
  const next = await lan.start()
  expect(await next.next('bgp-engine-ready')).toMatchObject({ operations: 0, routes: 1 })
  expect(await lan.prefixes()).toEqual([VIP])
  expect(await lan.counters()).toEqual(before)
})

test('status and metrics tell of sessions and prefixes', async () => {
  await announcing()
  await lan.announces(({ peers }) => peers[0]?.sent === 1)
  const text = await lan.statusText()
  expect(text).toContain('Announcing by BGP:')
  expect(text).toContain('FRR is configured as it should be: router identifier 10.0.0.1, 1 prefix')
  expect(text).toMatch(/tor at 10\.0\.0\.254: established for \d+ s, 1 of 1 prefixes sent\n/)
  expect(text).toContain('198.51.100.10 (shop/web): to tor')
  const metrics = await lan.metrics()
  expect(metrics).toContain(`metallb_bgp_session_up{peer="${ROUTER}:179",vrf="default"} 1\n`)
  expect(metrics).toContain(
    `metallb_bgp_announced_prefixes_total{peer="${ROUTER}:179",vrf="default"} 1\n`,
  )
  expect(metrics).toContain(
    `metallb_bgp_pending_prefixes_total{peer="${ROUTER}:179",vrf="default"} 1\n`,
  )
  const counted = ['updates_total', 'opens_sent', 'opens_received', 'keepalives_sent', 'total_sent']
  for (const name of counted) {
    const line = `^metallb_bgp_${name}\\{peer="10\\.0\\.0\\.254:179",vrf="default"\\} [1-9]`
    expect(metrics).toMatch(new RegExp(line, 'm'))
  }
  // bfdd does not run.
  expect(metrics).not.toMatch(/^metallb_bfd_\w+\{/m)
  expect(metrics).toContain('nodelb_bgp_engine_up 1\n')
  expect(metrics).toContain(
    'metallb_speaker_announced{service="shop/web",protocol="bgp",node="n1",ip="198.51.100.10"} 1\n',
  )
})

test('an FRR that dies is configured anew when it is back', async () => {
  const agent = await announcing()
  expect(await agent.next('bgp-session-up')).toMatchObject({ peer: 'tor', at: ROUTER })
  await lan.node.kill('bgpd')
  expect(await agent.next('bgp-engine-lost')).toMatchObject({ level: 'error' })
  expect(await agent.next('bgp-session-down')).toMatchObject({ peer: 'tor', at: ROUTER })
  await lan.gone(VIP)
  expect((await lan.announces(({ failure }) => failure !== null)).failure).toContain('bgpd')
  await lan.node.run('bgpd')
  const ready = await agent.next('bgp-engine-ready')
  expect(ready).toMatchObject({ routes: 1 })
  await lan.until(VIP)
})

test('an FRR that is not there yet is waited for', async () => {
  lan = await BgpLan.build()
  await lan.node.kill('bgpd')
  lan.write(bgpCluster(plain, web))
  const agent = await lan.start()
  await agent.next('bgp-engine-lost')
  await lan.node.run('bgpd')
  await lan.until(VIP)
})

test('what others change is found when all is compared, and a new agent compares at once', async () => {
  const agent = await announcing()
  await agent.end('SIGTERM')
  const family = ['router bgp 64501', 'address-family ipv4 unicast']
  await lan.node.tell('bgpd', 'configure terminal', ...family, `no network ${VIP}`, 'end')
  await lan.gone(VIP)
  await lan.start()
  await lan.until(VIP)
})

test('what others change is restored with the next change of ours', async () => {
  await announcing()
  const family = ['router bgp 64501', 'address-family ipv4 unicast']
  await lan.node.tell('bgpd', 'configure terminal', ...family, `no network ${VIP}`, 'end')
  await lan.gone(VIP)
  lan.write(bgpCluster(plain, web, bgpService('b', '198.51.100.11')))
  await lan.until('198.51.100.11/32')
  await lan.until(VIP)
})

test('while a file cannot be read nothing is taken back, and the rest is announced', async () => {
  const agent = await announcing()
  await agent.end('SIGTERM')
  const before = await lan.counters()
  const broken = join(lan.folder, 'web.yaml')
  writeFileSync(broken, 'kind: [')
  lan.write(bgpCluster(plain, bgpService('b', '198.51.100.11')))
  await lan.start(undefined, '-f', broken)
  await lan.until('198.51.100.11/32')
  expect(await lan.prefixes()).toEqual([VIP, '198.51.100.11/32'])
  writeFileSync(broken, '')
  await lan.gone(VIP)
  expect(await lan.counters()).toEqual(before)
})

describe('a bad peer stops only itself', () => {
  test('one that clashes, and one that FRR does not take in full', async () => {
    const bad = [
      bgpPeer('a-zero', { peerAddress: '10.0.0.77', holdTime: '1s' }),
      bgpPeer('z-clash'),
      bgpPeer('y-bfd', { peerAddress: '10.0.0.78', bfdProfile: 'fast' }),
      bfdProfile('fast', { transmitInterval: 100 }),
    ]
    const agent = await announcing({}, ...bad)
    const view = await lan.announces(({ problems }) => problems.length > 2)
    expect(view.peers.map(({ name }) => name)).toEqual(['tor', 'y-bfd'])
    const told = view.problems.map(({ object, problem }) => `${object} ${problem}`).sort()
    expect(told).toEqual([
      expect.stringMatching(
        /^BFDProfile\/fast FRR does not take .*: bfdd does not run; the rest goes on$/,
      ),
      expect.stringMatching(/^BGPPeer\/a-zero spec\.holdTime: found "1s"/),
      expect.stringMatching(/^BGPPeer\/z-clash spec\.peerAddress: found 10\.0\.0\.254, which/),
    ])
    expect(await agent.next('bgp-problem')).toMatchObject({ level: 'warn' })
  })

  test('one whose Secret and BFDProfile go keeps them', async () => {
    const peer = bgpPeer('tor', { passwordSecret: { name: 'tor' }, bfdProfile: 'fast' })
    lan = await BgpLan.build()
    const password = 'k3y!#"$%'
    await lan.router.tell(
      'bgpd',
      ...[
        'configure terminal',
        'router bgp 65000',
        `neighbor 10.0.0.1 password ${password}`,
        'end',
      ],
    )
    const given = [secret('tor', password), bfdProfile('fast')]
    lan.write(bgpCluster(peer, advertisement('all'), web, given))
    const agent = await lan.start()
    await lan.until(VIP)
    const before = await lan.counters()
    lan.write(bgpCluster(peer, advertisement('all'), web))
    const { problems } = await agent.next('bgp-problem', ({ object }) => object === 'BGPPeer/tor')
    expect(problems).toEqual([
      expect.stringMatching(/^spec\.bfdProfile: .*; its session goes on with the former one$/),
      expect.stringMatching(/^spec\.passwordSecret: .*; its session goes on with the former one$/),
    ])
    lan.write(bgpCluster(peer, advertisement('all'), web, bgpService('b', '198.51.100.11')))
    await lan.until('198.51.100.11/32')
    expect(await lan.counters()).toEqual(before)
    lan.write(bgpCluster(peer, advertisement('all'), web, given))
    await agent.next('bgp-in-order', ({ object }) => object === 'BGPPeer/tor')
    expect(agent.transcript()).not.toContain(password)
  })
})

describe('routes go', () => {
  test('at the end of the agent, if they are to', async () => {
    const agent = await announcing({ onExit: 'withdraw' })
    expect(await agent.end('SIGTERM')).toBe(0)
    await lan.gone(VIP)
    expect(await lan.counters()).toMatchObject({ state: 'Established', dropped: 0 })
  })

  test('with all that is ours where the agent cleans up when it ends', async () => {
    lan = await BgpLan.build()
    lan.write(bgpCluster(plain, web))
    const agent = await lan.start(undefined, '--cleanup-on-exit')
    await lan.until(VIP)
    expect(await agent.end('SIGTERM')).toBe(0)
    await lan.gone(VIP)
    const [text] = await lan.node.tell('bgpd', 'show running-config')
    expect(text).not.toMatch(/route-map|router bgp/)
  })

  test('after a grace in which they ask to be avoided', async () => {
    const agent = await announcing({ onExit: 'withdraw', drain: { grace: '2s' } })
    const ended = agent.end('SIGTERM')
    await lan.until(VIP, (route) => route?.communities.includes(GRACEFUL_SHUTDOWN) ?? false)
    expect(await agent.next('bgp-draining')).toMatchObject({ reason: 'SIGTERM' })
    // Until then everything goes on.
    lan.write(bgpCluster(plain, web, bgpService('b', '198.51.100.11')))
    await lan.until('198.51.100.11/32')
    await lan.gone(VIP)
    await lan.gone('198.51.100.11/32')
    expect(await ended).toBe(0)
    expect(agent.lines.map(({ event }) => event)).toContain('bgp-withdrawn')
  })

  test('where the Node is cordoned, and come back', async () => {
    const agent = await announcing({ drain: { cordoned: 'withdraw', grace: '1s' } })
    const before = await lan.counters()
    const cordoned = [bgpNode({ unschedulable: true }), pool('vips', ['198.51.100.0/24'])]
    lan.write([...cordoned, ...plain, ...web])
    await lan.until(VIP, (route) => route?.communities.includes(GRACEFUL_SHUTDOWN) ?? false)
    expect(await agent.next('bgp-draining')).toMatchObject({ reason: 'the Node is cordoned' })
    await lan.gone(VIP)
    lan.write(bgpCluster(plain, web))
    expect(await lan.until(VIP)).toMatchObject({ communities: [] })
    expect(await lan.counters()).toEqual(before)
  })

  test('with all that is ours when announcing is turned off, and come back with it', async () => {
    const agent = await announcing()
    lan.configure({ enabled: false })
    await agent.next('bgp-withdrawn')
    await lan.gone(VIP)
    const [text] = await lan.node.tell('bgpd', 'show running-config')
    expect(text).not.toMatch(/route-map|router bgp/)
    lan.configure({ enabled: true })
    await lan.until(VIP)
  })
})
