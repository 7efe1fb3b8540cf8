import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'
import { advertisement, bgpCluster, bgpPeer, bgpService, pool } from '../support/bgp-objects.ts'
import { eventually } from '../support/eventually.ts'
import { type Manifest, ObjectApi } from '../support/object-api.ts'
import { Started, typed } from '../support/typed.ts'
import { ip } from '../support/wire.ts'

/** What `nodelb run` does from its start to the signal that ends it, in this process and its network. */

const folder = mkdtempSync(join(tmpdir(), 'nodelb-run-'))
const socket = join(folder, 'agent.sock')
const config = join(folder, 'config.yaml')

// Each has a network of its own: an agent owns its tables until its process ends.
beforeEach(async () => {
  enterNewNetwork()
  await ip('link', 'set', 'lo', 'up')
  rmSync(join(folder, 'state'), { recursive: true, force: true })
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Replaces a file at once, as nobody may read a half of it. */
function write(file: string, text: string): string {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
  return file
}

function configure(fields: object): string {
  const head = { apiVersion: 'nodelb.io/v1alpha1', kind: 'NodelbConfiguration' }
  return write(config, JSON.stringify({ ...head, ...fields }))
}

const objects = bgpCluster(
  bgpPeer('tor', { passwordSecret: { name: 'tor', namespace: 'metallb-system' } }),
  advertisement('all'),
  bgpService('web', '198.51.100.10'),
) as readonly Manifest[]

function objectsIn(name: string): string {
  const list = { apiVersion: 'v1', kind: 'List', items: objects }
  return write(join(folder, name), JSON.stringify(list))
}

function start(...words: readonly string[]): Started {
  const places = ['--status-socket', socket, '--state', join(folder, 'state')]
  return Started.start(['run', '--node', 'n1', '--listen', '127.0.0.1:0', ...places, ...words])
}

/** What the agent answers to `nodelb status -o json`. */
async function status(): Promise<Readonly<Record<string, unknown>>> {
  const { code, out, said } = await typed('status', '--status-socket', socket, '-o', 'json')
  return code === 2 ? { reason: said.join() } : JSON.parse(out)
}

/** Resolves once the status has these fields. */
async function until(fields: Readonly<Record<string, unknown>>): Promise<void> {
  let last: unknown
  const late = (): string => JSON.stringify(last)
  const isThere = async (): Promise<boolean> => {
    const found = await status()
    last = found
    return Object.entries(fields).every(([name, value]) => {
      return expect.objectContaining({ value }).asymmetricMatch({ value: found[name] })
    })
  }
  await eventually(isThere, { late })
}

const tables = async (): Promise<string> => nft('list', 'tables')
const OFF = { layer2: { enabled: false }, bgp: { enabled: false } }
const NOWHERE = { sockets: join(folder, 'no-frr') }

test('programs the node by files, and leaves the rules there at the end', async () => {
  const agent = start('-f', objectsIn('objects.json'), '--metrics-listen', '127.0.0.1:0')
  await until({ ready: true, scope: 'load-balancer' })
  expect(await tables()).toContain('table ip nodelb\n')
  expect(await agent.end('SIGTERM')).toBe(0)
  expect(await agent.line('agent-stopping')).toMatchObject({ rules: 'stay' })
  expect(await tables()).toContain('table ip nodelb\n')
  expect(await status()).toEqual({ reason: `nodelb: no agent answers at ${socket}` })
})

test('removes the rules at the end if it is told to', async () => {
  const agent = start('-f', objectsIn('objects.json'), '--cleanup-on-exit', '--scope', 'all')
  await until({ ready: true, scope: 'all' })
  expect(await agent.end('SIGINT')).toBe(0)
  expect(await agent.line('agent-stopping')).toMatchObject({ rules: 'removed' })
  expect(await tables()).toBe('')
})

test('follows its configuration, and keeps it while the newest cannot be used', async () => {
  const agent = start('-f', objectsIn('objects.json'), '--config', configure({ announce: OFF }))
  await until({ ready: true, bgp: null })
  write(config, 'kind: NodelbConfiguration\n')
  await until({ refusedConfiguration: expect.objectContaining({ source: config }) })
  expect((await status())['bgp']).toBeNull()
  configure({ scope: 'all', announce: { ...OFF, bgp: { enabled: true, frr: NOWHERE } } })
  const failure = expect.stringContaining('bgpd cannot be asked')
  await until({ scope: 'all', bgp: expect.objectContaining({ engine: 'frr', failure }) })
  expect((await status())['refusedConfiguration']).toBeNull()
  configure({ scope: 'all', announce: { ...OFF, bgp: { enabled: true, engine: 'frr-k8s' } } })
  const why = 'announce.bgp.engine is frr-k8s, and without an API server nothing is written'
  await until({ bgp: expect.objectContaining({ engine: 'frr-k8s', failure: why }) })
  configure({ scope: 'all', announce: OFF })
  await until({ bgp: null })
  expect(await agent.end('SIGTERM')).toBe(0)
})

test('by files it announces what a pool that appears later gives', async () => {
  const file = objectsIn('objects.json')
  const agent = start('-f', file, '--config', configure({ announce: OFF }))
  await until({ ready: true })
  const given = { ...OFF, layer2: { enabled: true, excludeInterfaces: ['^none$'] } }
  configure({ announce: given, loadBalancerClasses: ['example.com/own'] })
  await until({ announce: expect.objectContaining({ responder: expect.any(String) }) })
  expect(await agent.end('SIGTERM')).toBe(0)
})

test('follows the API server, and more of it once addresses are announced', async () => {
  const warnings: Error[] = []
  const warn = (warning: Error): unknown => warnings.push(warning)
  process.on('warning', warn)
  vi.stubEnv('POD_NAMESPACE', 'balance')
  vi.stubEnv('POD_NAME', 'nodelb-x')
  vi.stubEnv('POD_UID', 'uid-of-the-pod')
  const api = await ObjectApi.start([...objects, pool('more', ['192.0.2.0/24']) as Manifest])
  const agent = start('--kubeconfig', api.kubeconfig, '--config', configure({ announce: OFF }))
  await until({ ready: true })
  expect(await tables()).toContain('table ip nodelb\n')
  const METALLB = '/apis/metallb.io'
  expect(api.paths.filter((path) => path.startsWith(METALLB))).toEqual([])
  configure({ announce: { layer2: { enabled: true }, bgp: { enabled: true, frr: NOWHERE } } })
  const secret = '/api/v1/namespaces/metallb-system/secrets/tor'
  // What only this namespace may be asked for is asked for there.
  const own = '/apis/discovery.k8s.io/v1/namespaces/balance/endpointslices'
  const more = [`${METALLB}/v1beta1/l2advertisements`, `${METALLB}/v1beta2/bgppeers`, secret, own]
  await eventually(() => more.every((path) => api.paths.includes(path)))
  await until({ bgp: expect.objectContaining({ engine: 'frr' }) })
  configure({ announce: { bgp: { enabled: true, engine: 'frr-k8s' } } })
  await eventually(() => api.paths.some((path) => path.endsWith('/frrconfigurations/nodelb-n1')))
  expect(await agent.end('SIGTERM')).toBe(0)
  vi.unstubAllEnvs()
  process.off('warning', warn)
  expect(warnings).toEqual([])
})

test('is not ready while the API server refuses it, and says why', async () => {
  const api = await ObjectApi.start(objects)
  api.instead = { '/v1/nodes': { status: 403, text: '{"message":"you may not"}' } }
  const agent = start('--kubeconfig', api.kubeconfig)
  await until({ ready: false, reason: expect.stringContaining('nodes') })
  expect(await agent.line('watch-lost')).toMatchObject({
    resource: 'nodes',
    reason: expect.stringContaining('403'),
  })
  api.instead = {}
  await until({ ready: true })
  expect(await agent.end('SIGTERM')).toBe(0)
})
