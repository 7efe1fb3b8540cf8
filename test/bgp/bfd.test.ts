import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { BgpLan, NODE, ROUTER } from '../support/bgp-lan.ts'
import {
  advertisement,
  bfdProfile,
  bgpCluster,
  bgpPeer,
  bgpService,
} from '../support/bgp-objects.ts'
import { eventually } from '../support/eventually.ts'
import type { RunningAgent } from '../support/running-agent.ts'

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
async function watched(): Promise<RunningAgent> {
  lan = await BgpLan.build({ daemons: ['zebra', 'bfdd', 'bgpd'] })
  await lan.router.run('bfdd')
  for (const side of [lan.node, lan.router]) {
    await side.tell('bfdd', 'configure terminal', 'debug bfd peer', 'end')
  }
  await lan.router.tell(
    'bgpd',
    ...['configure terminal', 'router bgp 65000', `neighbor ${NODE} bfd`, 'end'],
  )
  lan.write(objects(100))
  const agent = await lan.start()
  await lan.until(VIP)
  // The router's FRR begins BFD anew when the session has come about; only then it knows the interface.
  await eventually(async () => {
    const { status, interface: name } = await bfd(lan.router)
    return status === 'up' && name === 'eth0'
  })
  return agent
}

/** What a bfdd says of its only session. */
async function bfd(side: BgpLan['node']) {
  const [text = '[]'] = await side.tell('bfdd', 'show bfd peers json')
  return JSON.parse(text)[0] ?? {}
}

/** How often a bfdd has begun BFD with its only peer, and how often it gave up what was up. */
function history(side: BgpLan['node']): { readonly begun: number; readonly replaced: number } {
  const log = readFileSync(join(side.folder, 'bfdd.log'), 'utf8')
  const steps = [...log.matchAll(/session-new|session-delete|state-change.* -> (?:up|down)/g)]
  const words = steps.map(([step]) => step.replace(/^state-change.* /, ''))
  return {
    begun: words.filter((word) => word === 'session-new').length,
    replaced: words.filter((word, at) => word === 'session-delete' && words[at - 1] === 'up')
      .length,
  }
}

test('BFD begins once, is told with its counters, and ends a session soon after the peer fell silent', async () => {
  const agent = await watched()
  const { replaced } = history(lan.router)
  const labels = `{peer="${ROUTER}",vrf="default"}`
  // FRR 8.4 replaces its end before that is up. FRR 10.2 and 10.3 take no session before BFD is up, so
  // that as a router they replace one that is: it goes down here, and comes up again.
  const { problems } = await lan.announces(({ peers: [tor] }) => {
    return tor?.bfd?.status === 'up' && tor.bfd.upEvents === 1 + replaced
  })
  expect(problems).toEqual([])
  expect(history(lan.node)).toEqual({ begun: 1, replaced: 0 })
  expect(await lan.statusText()).toMatch(/tor at 10\.0\.0\.254: established for \d+ s, BFD up, /)
  const metrics = await lan.metrics()
  expect(metrics).toContain(`metallb_bfd_session_up${labels} 1\n`)
  expect(metrics).toContain(`metallb_bfd_session_up_events${labels} ${1 + replaced}\n`)
  expect(metrics).toContain(`metallb_bfd_session_down_events${labels} ${replaced}\n`)
  expect(metrics).toContain(`metallb_bfd_echo_packet_input${labels} 0\n`)
  expect(metrics).toMatch(
    /metallb_bfd_control_packet_input\{peer="10\.0\.0\.254",vrf="default"\} [1-9]/,
  )
  // Nor did it end the session. FRR 10.3 lets BFD do so if it goes down in a later second than that in
  // which the session came about: a replaced end does, if that second was about to end.
  const { established, dropped } = await lan.counters()
  expect(established - dropped).toBe(1)
  expect(dropped).toBeLessThanOrEqual(replaced)
  agent.skip()
  await lan.lasting()
  // It keeps its carrier, so that nothing but its silence tells of it.
  await lan.router.silence()
  const began = performance.now()
  await agent.next('bgp-session-down', ({ peer }) => peer === 'tor')
  // The hold time is three minutes. The agent looks at the sessions each second.
  expect(performance.now() - began).toBeLessThan(10_000)
})

test('the routes of a node that falls silent are withdrawn because of BFD, not of the hold time', async () => {
  await watched()
  await lan.lasting()
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

test('a session with a router that has no BFD comes back whenever it ends', async () => {
  lan = await BgpLan.build({ daemons: ['zebra', 'bfdd', 'bgpd'] })
  lan.write(objects(100))
  const agent = await lan.start()
  await lan.until(VIP)
  const isTried = async () => (await bfd(lan.node)).status === 'down'
  await eventually(isTried)
  for (const before of [1, 2]) {
    expect(await lan.counters()).toMatchObject({ state: 'Established', established: before })
    await lan.router.tell('bgpd', `clear bgp ${NODE}`)
    // FRR 10.2 and 10.3 begin none while BFD is down, and would wait for ever.
    await eventually(async () => (await lan.counters()).established === before + 1)
    // It is on again, for a router that has BFD one day.
    await eventually(isTried)
  }
  await lan.until(VIP)
  expect(agent.lines.map(({ event }) => event)).not.toContain('bgp-drift-repaired')
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
  await lan.lasting()
  await lan.node.silence()
  await lan.gone(VIP)
})
