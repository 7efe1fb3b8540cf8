import { afterAll, beforeAll, expect, test } from 'vitest'
import { BgpLan } from '../support/bgp-lan.ts'
import { advertisement, bgpCluster, bgpPeer, bgpService } from '../support/bgp-objects.ts'
import { AgentHere, commandHere, enterNetwork } from '../support/here.ts'

/** One node whose agent lives through what happens to it, beside a router. */

const VIP = '198.51.100.10/32'
const OTHER = '198.51.100.11/32'
const plain = [bgpPeer('tor'), advertisement('all')]
const web = bgpService('web', '198.51.100.10')
const other = bgpService('other', '198.51.100.11')

let lan: BgpLan
let agent: AgentHere
let leaveNetwork = (): void => undefined
beforeAll(async () => {
  lan = await BgpLan.build()
  lan.write(bgpCluster(plain, web))
  leaveNetwork = enterNetwork(lan.node.namespace)
  agent = AgentHere.start(...lan.agentOptions, '--cleanup-on-exit')
  await lan.until(VIP)
})
afterAll(async () => {
  leaveNetwork()
  await lan?.remove()
})

async function status(...words: readonly string[]): Promise<string> {
  return (await commandHere('status', ...lan.statusOptions, ...words)).out
}

test('status, explain and diff agree with what the router has', async () => {
  await lan.announces(({ peers }) => peers[0]?.sent === 1)
  expect(await status()).toContain('198.51.100.10 (shop/web): to tor\n')
  const { out } = await commandHere(
    ...['explain', '--from', '10.0.0.254', '--to', '198.51.100.10:80', ...lan.sources],
  )
  expect(out).toMatch(/tor/)
  expect(await commandHere('diff', ...lan.sources)).toMatchObject({
    code: 0,
    out: '0 operations\n',
  })
})

test('metrics tell of the session and of the engine', async () => {
  const metrics = await (await fetch('http://127.0.0.1:10266/metrics')).text()
  expect(metrics).toContain('metallb_bgp_session_up{peer="10.0.0.254:179",vrf="default"} 1\n')
  expect(metrics).toContain('nodelb_bgp_engine_up 1\n')
})

test('an advertisement that changes is changed in place', async () => {
  const before = await lan.counters()
  lan.write(bgpCluster(bgpPeer('tor'), advertisement('all', { communities: ['64500:1'] }), web))
  await lan.until(VIP, (route) => route?.communities[0] === '64500:1')
  expect(await lan.counters()).toEqual(before)
})

test('a peer that cannot be read is told, and its session stays', async () => {
  const before = await lan.counters()
  lan.write(
    bgpCluster(bgpPeer('tor', { peerAddress: 'nowhere' }), advertisement('all'), web, other),
  )
  await lan.until(OTHER)
  expect(await lan.counters()).toEqual(before)
  const { problems } = await lan.announces(({ problems }) => problems.length > 0)
  expect(JSON.stringify(problems)).toContain('peerAddress')
})

test('an FRR that dies is told, and configured anew when it is back', async () => {
  lan.write(bgpCluster(plain, web))
  await lan.gone(OTHER)
  await lan.node.kill('bgpd')
  const { failure } = await lan.announces((view) => view.failure !== null)
  expect(failure).toContain('bgpd')
  // That the conversation ended, and then that there is nobody to begin one with.
  expect(await status()).toMatch(/bgpd(: the daemon ended the conversation| cannot be asked: )/)
  await lan.node.run('bgpd')
  await lan.until(VIP)
  await lan.announces((view) => view.failure === null)
})

test('an engine that needs an API server is told without one, and FRR is used again after it', async () => {
  lan.configure({ engine: 'frr-k8s' })
  const { failure } = await lan.announces((view) => view.failure !== null)
  expect(failure).toContain('without an API server nothing is written')
  lan.configure({})
  await lan.announces((view) => view.failure === null)
  await lan.until(VIP)
})

test('announcing that is turned off takes the routes back, and on again gives them', async () => {
  lan.configure({ enabled: false })
  await lan.gone(VIP)
  lan.configure({})
  await lan.until(VIP)
})

test('with cleanup on exit nothing of nodelb is left in FRR', async () => {
  expect(await agent.end()).toBe(0)
  const [text = ''] = await lan.node.tell('bgpd', 'show running-config')
  expect(text).not.toContain('router bgp')
  expect(await lan.prefixes()).toEqual([])
})
