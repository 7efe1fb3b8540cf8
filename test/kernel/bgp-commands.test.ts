import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BgpLan } from '../support/bgp-lan.ts'
import { advertisement, bgpCluster, bgpPeer, bgpService } from '../support/bgp-objects.ts'

/** What commands say of BGP before an agent runs, and beside one. */

const plain = [bgpPeer('tor', { password: 'secret' }), advertisement('all')]
const web = bgpService('web', '198.51.100.10')

let lan: BgpLan
beforeAll(async () => {
  lan = await BgpLan.build()
  lan.write(bgpCluster(plain, web))
})
afterAll(async () => {
  await lan?.remove()
})

test('render prints the configuration of FRR as comments, without passwords', async () => {
  const { out } = await lan.nodelb('render', ...lan.sources)
  const lines = out.slice(out.indexOf('\n# FRR\n') + 1).split('\n')
  expect(lines.every((line) => line.startsWith('#'))).toBe(true)
  expect(lines).toContain('#    neighbor 10.0.0.254 password ***')
  expect(lines).toContainEqual(
    expect.stringMatching(/^# {5}network 198\.51\.100\.10\/32 route-map nodelb-\d+$/),
  )
  const { out: json } = await lan.nodelb('render', ...lan.sources, '-o', 'json')
  expect(JSON.parse(json).frr).toContain(' neighbor 10.0.0.254 password ***')
})

test('diff compares with FRR, and the log says what a change does to sessions', async () => {
  const { out: before } = await lan.nodelb('diff', ...lan.sources)
  expect(before).toContain('announced by BGP, in FRR\n')
  expect(before).toContain('  + router bgp 64501\n')
  expect(before).not.toContain('secret')
  const agent = await lan.start()
  await agent.first('bgp-engine-ready')
  expect((await lan.nodelb('diff', ...lan.sources)).out).toBe('0 operations')
  lan.write(bgpCluster(bgpPeer('tor', { password: 'other' }), advertisement('all'), web))
  const { resets } = await agent.next('bgp-configured')
  expect(resets).toEqual(['~ neighbor 10.0.0.254 password ***   # resets the session'])
  await agent.end('SIGTERM')
  lan.write(bgpCluster(plain, web))
  const { out } = await lan.nodelb('diff', ...lan.sources)
  expect(out).toContain('~ neighbor 10.0.0.254 password ***   # resets the session\n')
  const { out: json } = await lan.nodelb('diff', ...lan.sources, '-o', 'json')
  expect(JSON.parse(json).bgp).toEqual({
    problems: [],
    changes: ['router bgp 64501', '  ~ neighbor 10.0.0.254 password ***   # resets the session'],
  })
})

test('diff says why FRR is not compared, and the rest goes on', async () => {
  lan.configure({ frr: { sockets: '/nowhere' } })
  const { said } = await lan.nodelb('diff', ...lan.sources)
  expect(said).toContain('nodelb: what is announced by BGP is not compared: bgpd cannot be asked')
})

test('apply configures FRR after the rules, and a second one changes nothing', async () => {
  lan.configure({})
  lan.write(bgpCluster(plain, bgpService('other', '198.51.100.11')))
  const first = await lan.nodelb('apply', ...lan.sources)
  expect(first.out).toMatch(
    /^applied: \d+ operations, 1 service, [1-9]\d* operations in FRR, \d+ ms$/,
  )
  const { out: json } = await lan.nodelb('apply', ...lan.sources, '-o', 'json')
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
  await lan.nodelb('apply', ...lan.sources, '-f', broken)
  await lan.until('198.51.100.10/32')
  expect(await lan.prefixes()).toEqual(['198.51.100.10/32', '198.51.100.11/32'])
  await lan.nodelb('apply', ...lan.sources)
  await lan.gone('198.51.100.11/32')
})

test('apply tells if there is no FRR', async () => {
  lan.configure({ frr: { sockets: '/nowhere' } })
  const { out, said } = await lan.nodelb('apply', ...lan.sources)
  expect(said).toContain('nodelb: nothing is announced by BGP: bgpd cannot be asked')
  expect(out).toMatch(/^applied: 0 operations, 1 service, \d+ ms$/)
})

test('with frr-k8s render and diff show its FRRConfiguration, without passwords', async () => {
  lan.configure({ engine: 'frr-k8s' })
  lan.write(bgpCluster(plain, web))
  const { out } = await lan.nodelb('render', ...lan.sources)
  const lines = out.slice(out.indexOf('\n# frr-k8s\n') + 1).split('\n')
  expect(lines).toContain('#   kind: FRRConfiguration')
  expect(lines).toContain('#               password: "***"')
  expect(out).not.toContain('secret')
  const { out: json } = await lan.nodelb('render', ...lan.sources, '-o', 'json')
  const { frrConfiguration } = JSON.parse(json)
  expect(frrConfiguration.metadata.name).toBe('nodelb-n1')
  frrConfiguration.spec.bgp.routers[0].neighbors[0].password = 'secret'
  lan.write(bgpCluster(plain, web, bgpService('other', '198.51.100.11'), frrConfiguration))
  const { out: diff } = await lan.nodelb('diff', ...lan.sources)
  expect(diff).toContain('announced by BGP, in the FRRConfiguration\n')
  expect(diff).toContain('  + bgp.routers[64501].prefixes[198.51.100.11/32]\n')
  expect(diff).toMatch(/^2 changes in the FRRConfiguration$/m)
  expect(diff).not.toContain('secret')
  const { said } = await lan.nodelb('apply', ...lan.sources)
  expect(said).toContain('nothing is announced by BGP: the agent alone writes a FRRConfiguration')
})
