import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BgpLan } from '../support/bgp-lan.ts'
import { advertisement, bgpCluster, bgpPeer, bgpService } from '../support/bgp-objects.ts'
import { commandHere, enterNetwork } from '../support/here.ts'

/** What commands say of BGP before an agent runs, and beside one. */

const plain = [bgpPeer('tor', { password: 'secret' }), advertisement('all')]
const web = bgpService('web', '198.51.100.10')

let lan: BgpLan
let leave: () => void
beforeAll(async () => {
  lan = await BgpLan.build()
  leave = enterNetwork(lan.node.namespace)
  lan.write(bgpCluster(plain, web))
})
afterAll(async () => {
  leave?.()
  await lan?.remove()
})

/** Runs a command in this process, which is in the network of the node. */
async function nodelb(...words: readonly string[]) {
  const { code, out, said } = await commandHere(...words)
  return { code, out: out.trimEnd(), said }
}

test('render prints the configuration of FRR as comments, without passwords', async () => {
  const { out } = await nodelb('render', ...lan.sources)
  const lines = out.slice(out.indexOf('\n# FRR\n') + 1).split('\n')
  expect(lines.every((line) => line.startsWith('#'))).toBe(true)
  expect(lines).toContain('#    neighbor 10.0.0.254 password ***')
  expect(lines).toContainEqual(
    expect.stringMatching(/^# {5}network 198\.51\.100\.10\/32 route-map nodelb-\d+$/),
  )
  const { out: json } = await nodelb('render', ...lan.sources, '-o', 'json')
  expect(JSON.parse(json).frr).toContain(' neighbor 10.0.0.254 password ***')
})

test('diff compares with FRR, and the log says what a change does to sessions', async () => {
  const { out: before } = await nodelb('diff', ...lan.sources)
  expect(before).toContain('announced by BGP, in FRR\n')
  expect(before).toContain('  + router bgp 64501\n')
  expect(before).not.toContain('secret')
  const agent = await lan.start()
  await agent.first('bgp-engine-ready')
  expect((await nodelb('diff', ...lan.sources)).out).toBe('0 operations')
  lan.write(bgpCluster(bgpPeer('tor', { password: 'other' }), advertisement('all'), web))
  const { resets } = await agent.next('bgp-configured')
  expect(resets).toEqual(['~ neighbor 10.0.0.254 password ***   # resets the session'])
  await agent.end('SIGTERM')
  lan.write(bgpCluster(plain, web))
  const { out } = await nodelb('diff', ...lan.sources)
  expect(out).toContain('~ neighbor 10.0.0.254 password ***   # resets the session\n')
  const { out: json } = await nodelb('diff', ...lan.sources, '-o', 'json')
  expect(JSON.parse(json).bgp).toEqual({
    problems: [],
    changes: ['router bgp 64501', '  ~ neighbor 10.0.0.254 password ***   # resets the session'],
  })
})

test('diff says why FRR is not compared, and the rest goes on', async () => {
  lan.configure({ frr: { sockets: '/nowhere' } })
  const { said } = await nodelb('diff', ...lan.sources)
  expect(said).toContain('nodelb: what is announced by BGP is not compared: bgpd cannot be asked')
})

test('apply configures FRR after the rules, and a second one changes nothing', async () => {
  lan.configure({})
  lan.write(bgpCluster(plain, bgpService('other', '198.51.100.11')))
  const first = await nodelb('apply', ...lan.sources)
  expect(first.out).toMatch(
    /^applied: \d+ operations, 1 service, [1-9]\d* operations in FRR, \d+ ms$/,
  )
  const { out: json } = await nodelb('apply', ...lan.sources, '-o', 'json')
  expect(JSON.parse(json)).toMatchObject({ operations: 0, frr: 0 })
  await lan.router.tell(
    'bgpd',
    ...['configure terminal', 'router bgp 65000', 'neighbor 10.0.0.1 password secret', 'end'],
  )
  await lan.until('198.51.100.11/32')
})

test('apply takes nothing away while a file cannot be read', async () => {
  const broken = join(lan.folder, 'broken.yaml')
  writeFileSync(broken, 'kind: [')
  lan.write(bgpCluster(plain, web))
  await nodelb('apply', ...lan.sources, '-f', broken)
  await lan.until('198.51.100.10/32')
  expect(await lan.prefixes()).toEqual(['198.51.100.10/32', '198.51.100.11/32'])
  await nodelb('apply', ...lan.sources)
  await lan.gone('198.51.100.11/32')
})

test('apply tells if there is no FRR', async () => {
  lan.configure({ frr: { sockets: '/nowhere' } })
  const { out, said } = await nodelb('apply', ...lan.sources)
  expect(said).toContain('nodelb: nothing is announced by BGP: bgpd cannot be asked')
  expect(out).toMatch(/^applied: 0 operations, 1 service, \d+ ms$/)
})

test('with frr-k8s render and diff show its FRRConfiguration, without passwords', async () => {
  lan.configure({ engine: 'frr-k8s' })
  lan.write(bgpCluster(plain, web))
  const { out } = await nodelb('render', ...lan.sources)
  const lines = out.slice(out.indexOf('\n# frr-k8s\n') + 1).split('\n')
  expect(lines).toContain('#   kind: FRRConfiguration')
  expect(lines).toContain('#               password: "***"')
  expect(out).not.toContain('secret')
  const { out: json } = await nodelb('render', ...lan.sources, '-o', 'json')
  const { frrConfiguration } = JSON.parse(json)
  expect(frrConfiguration.metadata.name).toBe('nodelb-n1')
  frrConfiguration.spec.bgp.routers[0].neighbors[0].password = 'secret'
  lan.write(bgpCluster(plain, web, bgpService('other', '198.51.100.11'), frrConfiguration))
  const { out: diff } = await nodelb('diff', ...lan.sources)
  expect(diff).toContain('announced by BGP, in the FRRConfiguration\n')
  expect(diff).toContain('  + bgp.routers[64501].prefixes[198.51.100.11/32]\n')
  expect(diff).toMatch(/^2 changes in the FRRConfiguration$/m)
  expect(diff).not.toContain('secret')
  const { said } = await nodelb('apply', ...lan.sources)
  expect(said).toContain('nothing is announced by BGP: the agent alone writes a FRRConfiguration')
})

const explain = (): ReturnType<typeof nodelb> =>
  nodelb('explain', ...lan.sources, '--to', '198.51.100.10:80', '--from', '192.0.2.7')

test('explain says what FRR has sent of the address, and whether it should have', async () => {
  lan.configure({})
  lan.write(bgpCluster(plain, web))
  await nodelb('apply', ...lan.sources)
  await lan.until('198.51.100.10/32')
  const { code, out } = await explain()
  expect(code).toBe(0)
  expect(out).toContain('FRR here has sent of 198.51.100.10:\n  to tor 198.51.100.10/32')
  expect(out).not.toContain('By the files it is otherwise')
  lan.write(bgpCluster(plain, bgpPeer('other', { peerAddress: '10.0.0.9' }), web))
  const other = await explain()
  expect(other.out).toContain('\n  to other nothing: FRR has no such neighbour\n')
  expect(other.out).toMatch(/\nBy the files it is otherwise: `nodelb diff` shows what FRR would/)
  lan.configure({ frr: { sockets: lan.folder } })
  expect((await explain()).out).not.toContain('FRR here')
})

test('cleanup shows what it takes out of FRR, once', async () => {
  lan.configure({})
  lan.write(bgpCluster(plain, web))
  await nodelb('apply', ...lan.sources)
  await lan.until('198.51.100.10/32')
  const { code, out, said } = await nodelb('cleanup', ...lan.configuration)
  expect({ code, said }).toEqual({ code: 0, said: '' })
  expect(out).toMatch(/^announced by BGP, in FRR\n {2}- /)
  expect(out).toMatch(/\ncleaned up: .*, nodelb's part of FRR removed$/)
  await lan.gone('198.51.100.10/32')
  const again = await nodelb('cleanup', ...lan.configuration)
  expect(again).toEqual({ code: 0, out: 'cleaned up: nothing removed', said: '' })
})

test('cleanup says that a FRRConfiguration stays, and why FRR is left as it is', async () => {
  lan.configure({ engine: 'frr-k8s' })
  expect(await nodelb('cleanup', ...lan.configuration)).toEqual({
    ...{ code: 0, out: 'cleaned up: nothing removed' },
    said: 'nodelb: the FRRConfiguration of this Node stays: its agent deletes it when it ends',
  })
  lan.configure({ frr: { sockets: '/nowhere' } })
  const { code, said } = await nodelb('cleanup', ...lan.configuration)
  expect(code).toBe(0)
  expect(said).toMatch(/^nodelb: nothing is removed from FRR: bgpd cannot be asked/)
})

test('commands say nothing of BGP where it is off', async () => {
  lan.configure({ enabled: false })
  const { out } = await nodelb('render', ...lan.sources)
  expect(out).not.toContain('# FRR')
  expect((await nodelb('diff', ...lan.sources, '-o', 'json')).out).not.toContain('"bgp"')
  expect((await nodelb('apply', ...lan.sources)).out).not.toContain('FRR')
})
