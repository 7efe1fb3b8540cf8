import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { writeConfiguration } from '../support/configuration.ts'
import { eventually } from '../support/eventually.ts'
import { type Connection, Lab } from '../support/lab.ts'
import { RunningAgent } from '../support/running-agent.ts'
import { type LogLine, timeOf } from '../support/running-program.ts'
import { Stranger } from '../support/stranger.ts'
import type { PodName } from '../support/topology.ts'
import { WEB, webNode, webService, webSlices } from '../support/web.ts'
import { ApiServer } from './support/apiserver.ts'
import { confined } from './support/confined.ts'
import { installKinds } from './support/controllers.ts'
import { Door } from './support/door.ts'
import { install } from './support/install.ts'
import { services, slices } from './support/objects.ts'

let server: ApiServer
let lab: Lab
let door: Door
let agents: RunningAgent[]

beforeAll(async () => {
  server = await ApiServer.start()
  await install(server.admin)
  await put('/api/v1/nodes', webNode)
}, 600_000)

afterAll(() => server?.stop())

beforeEach(async () => {
  agents = []
  lab = await Lab.build()
  door = await Door.open(lab.namespace('node'), server.port)
})

afterEach(async () => {
  await Promise.all(agents.map((agent) => agent.end('SIGKILL')))
  await door?.close()
  await lab?.remove()
  for (const path of [services, slices]) {
    const { items } = await server.admin.call('GET', path)
    for (const { metadata } of items) {
      if (metadata.name !== 'kubernetes') {
        await server.admin.call('DELETE', `${path}/${metadata.name}`)
      }
    }
  }
})

/** The agent as deploy/ runs it: its rights, its capabilities, its read-only root. */
async function start(...args: readonly string[]): Promise<RunningAgent> {
  const token = await server.serviceAccountToken('kube-system', 'nodelb')
  const agent = RunningAgent.start(
    ['ip', 'netns', 'exec', lab.namespace('node')],
    [
      ...['--kubeconfig', server.kubeconfig({ token }), '--node', 'node-a', '--scope', 'all'],
      ...args,
    ],
    confined,
  )
  agents.push(agent)
  return agent
}

/** An API server this old takes one protocol in a Service of type LoadBalancer. */
function web(fields: object = {}): object {
  return webService({ ports: [{ name: 'tcp', port: 80, targetPort: 8080 }], ...fields })
}

/** Creates or replaces an object, and its status as its controller would. */
async function put(path: string, object: object): Promise<void> {
  const { name } = (object as { metadata: { name: string } }).metadata
  const { status } = object as { status?: object }
  const found = await server.admin.ask('GET', `${path}/${name}`)
  if (found.status === 404) await server.admin.call('POST', path, object)
  else await server.admin.call('PATCH', `${path}/${name}`, object)
  if (status) await server.admin.call('PATCH', `${path}/${name}/status`, { status })
}

async function serve(pods: readonly PodName[]): Promise<void> {
  for (const slice of webSlices(pods)) await put(slices, slice)
}

async function answers(connection: Partial<Connection> = {}): Promise<readonly string[]> {
  const results = await lab.probe({ from: 'client', to: WEB.loadBalancer[0], ...connection })
  return [
    ...new Set(results.map((result) => (result.kind === 'answered' ? result.pod : result.kind))),
  ].sort()
}

/** Resolves once it is so: several commits may lead there. */
async function until(agent: RunningAgent, holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await agent.next('kernel-committed')
}

/** Resolves once packets do what they should. */
function reaches(agent: RunningAgent, pods: readonly string[], connection = {}): Promise<void> {
  const expected = String([...pods].sort())
  return until(agent, async () => String(await answers(connection)) === expected)
}

const changed = ({ operations }: LogLine): boolean => Number(operations) > 0

test('packets follow the cluster: created, scaled, changed, deleted', async () => {
  const agent = await start()
  await agent.next('agent-ready')
  await put(services, web())
  await serve(['pod-a'])
  await reaches(agent, ['pod-a'])
  await serve(['pod-a', 'pod-b', 'pod-d'])
  await reaches(agent, ['pod-a', 'pod-b', 'pod-d'])
  await reaches(agent, ['pod-a', 'pod-b', 'pod-d'], { to: WEB.loadBalancer[1] })
  await serve([])
  await reaches(agent, ['refused'])
  await serve(['pod-c'])
  await reaches(agent, ['pod-c'])
  await reaches(agent, ['pod-c'], { to: WEB.cluster[0], from: 'pod-a' })
  await put(services, web({ externalTrafficPolicy: 'Local' }))
  await serve(['pod-b', 'pod-d'])
  await reaches(agent, ['pod-b'])
  const status = { loadBalancer: { ingress: [{ ip: '203.0.113.77' }] } }
  await server.admin.call('PATCH', `${services}/web/status`, { status })
  await reaches(agent, ['pod-b'], { to: '203.0.113.77:80' })
  expect(await answers()).not.toContain('pod-b')
  const ports = [{ name: 'tcp', port: 81, targetPort: 8080 }]
  await server.admin.call('PATCH', `${services}/web`, { spec: { ports } })
  await reaches(agent, ['pod-b'], { to: '203.0.113.77:81' })
  await server.admin.call('DELETE', `${services}/web`)
  for (const slice of ['web-ipv4', 'web-ipv6'])
    await server.admin.call('DELETE', `${slices}/${slice}`)
  await until(agent, async () => {
    const { stdout } = await lab.run('nft', ['list', 'ruleset'])
    return !stdout.includes('203.0.113.77')
  })
})

test('an agent that is told to end leaves the rules, and the next one changes none', async () => {
  const agent = await start()
  await put(services, web())
  await serve(['pod-a'])
  await reaches(agent, ['pod-a'])
  expect(await agent.end('SIGTERM')).toBe(0)
  expect(agent.noise).toEqual([])
  expect(await answers()).toEqual(['pod-a'])
  const next = await start()
  expect(await next.next('agent-ready')).toMatchObject({ operations: 0 })
})

test('the time from a write to the API server to its commit', async () => {
  const agent = await start()
  await put(services, web())
  await serve(['pod-a'])
  await reaches(agent, ['pod-a'])
  const times: number[] = []
  for (let change = 0; change < 60; change++) {
    const [slice = {}] = webSlices(change % 2 === 0 ? ['pod-a', 'pod-b'] : ['pod-a'])
    // Further apart than minSyncPeriod: changes on their own, not the gathering of a burst.
    await sleep(150)
    agent.skip()
    const began = Date.now()
    await put(slices, slice)
    const { time } = await agent.next('kernel-committed', changed)
    times.push(Date.parse(String(time)) - began)
  }
  times.sort((a, b) => a - b)
  console.log(`API write to commit: p50 ${times[30]} ms, p99 ${times[59]} ms`)
  expect(times).toHaveLength(60)
})

test('an API server that is away for a minute and forgot its history changes nothing here', async () => {
  const agent = await start()
  await put(services, web())
  await serve(['pod-a', 'pod-d'])
  await reaches(agent, ['pod-a', 'pod-d'])
  const stream = await lab.pour({ from: 'client', to: WEB.loadBalancer[0], pause: 20 })
  const held = await lab.hold({ from: 'client', to: WEB.loadBalancer[1] })
  await server.kill()
  for (const resource of ['services', 'endpointslices', 'nodes']) {
    await agent.next('watch-lost', (line) => line['resource'] === resource)
    agent.rewind()
  }
  const away = new Promise((resolve) => setTimeout(resolve, 60_000))
  await away
  const linesWhileAway = agent.lines.length
  await server.resume()
  await serve(['pod-d'])
  await server.compact()
  await agent.next('kernel-committed', changed)
  await reaches(agent, ['pod-d'])
  const fates = Object.keys(await stream.stop())
  expect(fates.filter((fate) => !fate.startsWith('pod-'))).toEqual([])
  expect(await held.release()).not.toHaveProperty('failure')
  const losses = agent.lines.slice(0, linesWhileAway).filter(({ event }) => event === 'watch-lost')
  expect(losses.length, agent.transcript()).toBeLessThanOrEqual(9)
}, 240_000)

test('garbage in one object is told once and does no harm', async () => {
  const agent = await start()
  await put(services, web())
  await serve(['pod-a'])
  await reaches(agent, ['pod-a'])
  const [slice] = webSlices(['pod-b'])
  const bad = { ...slice, addressType: 'IPv4', endpoints: [{ addresses: ['no address'] }] }
  await put(slices, { ...bad, metadata: { ...META, name: 'other-1' } })
  const told = await agent.next('object-invalid')
  expect(told['object']).toBe('EndpointSlice default/other-1')
  await serve(['pod-a', 'pod-c'])
  await reaches(agent, ['pod-a', 'pod-c'])
  expect(agent.lines.filter(({ event }) => event === 'object-invalid')).toHaveLength(1)
})

const META = { namespace: 'default', labels: { 'kubernetes.io/service-name': 'other' } }

test('a slow API server delays changes and harms nothing', async () => {
  const agent = await start()
  await put(services, web())
  await serve(['pod-a'])
  await reaches(agent, ['pod-a'])
  let go = (): void => undefined
  const slow = new Promise<void>((resolve) => {
    go = resolve
  })
  door.late = () => slow
  await serve(['pod-b'])
  expect(await answers()).toEqual(['pod-a'])
  go()
  await reaches(agent, ['pod-b'])
})

test('ipvs gets no turn before the addresses of all Nodes are known', async () => {
  const config = join(dirname(server.kubeconfig()), 'nodelb.yaml')
  writeConfiguration(config, { backend: 'nftables' })
  const agent = await start('--config', config)
  await agent.next('agent-ready')
  const held = 1_000
  door.late = () => sleep(held)
  agent.skip()
  const from = agent.lines.length
  writeConfiguration(config, { backend: 'ipvs' })
  await agent.next('configuration-waits')
  // A kernel without ipvs refuses it then, and nftables goes on.
  await agent.next('kernel-committed')
  const tried = agent.lines
    .slice(from)
    .find(({ event }) => event === 'configuration-loaded' || event === 'configuration-failed')
  const asked = agent.lines.slice(from).find(({ event }) => event === 'watch-listing')
  if (asked === undefined || tried === undefined) throw new Error('nothing was listed or tried')
  expect(asked).toMatchObject({ resource: 'nodes' })
  // The list took as long as the door makes it.
  expect(timeOf(tried) - timeOf(asked)).toBeGreaterThanOrEqual(held)
})

test('what a Service does not get is told as Events of the Service', async () => {
  const agent = await start()
  await agent.next('agent-ready')
  await put(services, web())
  await serve(['pod-a'])
  await reaches(agent, ['pod-a'])
  const other = (name: string, ip: string, fields: object = {}): object => ({
    ...web({ clusterIP: ip, clusterIPs: [ip], ipFamilies: ['IPv4'], ...fields }),
    metadata: { namespace: 'default', name },
  })
  // The API server tells ages in seconds: of two made within one, the smaller name goes before.
  await put(services, other('younger', '10.96.0.11'))
  await agent.next('address-contested')
  // The address of the node, where its kubelet answers.
  const external = { externalIPs: ['192.0.2.1'], ports: [{ port: 10250 }], type: 'ClusterIP' }
  await put(services, { ...other('bold', '10.96.0.12', external), status: undefined })
  await agent.next('address-refused')
  const externalIPs = Array.from({ length: 100 }, (_, n) => `198.51.100.${n}`)
  const ports = Array.from({ length: 60 }, (_, n) => ({ name: `p${n}`, port: 1_000 + n }))
  const large = { externalIPs, ports, type: 'ClusterIP' }
  await put(services, { ...other('large', '10.96.0.13', large), status: undefined })
  await agent.next('object-invalid')
  expect(await warningOf('younger')).toMatchObject({
    reason: 'AddressContested',
    note: expect.stringMatching(/^203\.0\.113\.10:\d+\/\w+ belongs to Service default\/web/),
  })
  expect(await warningOf('bold')).toMatchObject({
    reason: 'AddressRefused',
    note: expect.stringMatching(
      /^192\.0\.2\.1:10250\/tcp is a port of the node itself \(protectedPorts\): choose/,
    ),
  })
  expect(await warningOf('large')).toMatchObject({
    reason: 'InvalidService',
    note: 'Service default/large: spec.externalIPs: found 6060 pairs of address and port (101 addresses, 60 ports), expected at most 4096: make several Services of it, or raise limits.claimsPerService',
  })
  expect(await answers()).toEqual(['pod-a'])
})

test('a port of the node that something else listens on is told on the Service, and its end', async () => {
  const stranger = await Stranger.start(lab.namespace('node'), { port: 22 })
  onTestFinished(() => stranger.end())
  const agent = await start()
  await agent.next('agent-ready')
  const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } }
  await put(services, { ...web({ ports: [{ name: 'tcp', port: 22, targetPort: 8080 }] }), status })
  await serve(['pod-a'])
  await agent.next('ports-held')
  expect(await eventOf('web', ({ reason }) => reason === 'PortInUse')).toMatchObject({
    type: 'Warning',
    note: expect.stringMatching(/^something on node node-a listens on .*192\.0\.2\.1:22\/tcp/),
  })
  await reaches(agent, ['pod-a'], { to: '192.0.2.1:22' })
  const ports = [{ name: 'tcp', port: 23, targetPort: 8080 }]
  await server.admin.call('PATCH', `${services}/web`, { spec: { ports } })
  await agent.next('ports-free')
  expect(await eventOf('web', ({ reason }) => reason === 'PortInUseOver')).toMatchObject({
    type: 'Normal',
  })
})

test('a slice that cannot be used is told on its Service, as kubectl describes it', async () => {
  const agent = await start()
  await agent.next('agent-ready')
  await put(services, web())
  await serve(['pod-a'])
  await reaches(agent, ['pod-a'])
  // An IPv4 address in the words of IPv6, which the API server takes for one.
  const endpoints = [{ addresses: ['::ffff:10.244.1.2'], conditions: { ready: true } }]
  const metadata = { name: 'web-bad', labels: { 'kubernetes.io/service-name': 'web' } }
  await put(slices, {
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
    ...{ metadata, endpoints, ports: [{ name: 'tcp', port: 8080 }] },
  })
  await agent.next('object-invalid')
  const note = /EndpointSlice default\/web-bad: endpoints\[0\]\.addresses\[0\]: found .*, expected /
  expect(await eventOf('web', ({ reason }) => reason === 'InvalidEndpoints')).toMatchObject({
    type: 'Warning',
    note: expect.stringMatching(note),
  })
  const args = [`--kubeconfig=${server.kubeconfig()}`, 'describe', 'service', 'web']
  const { stdout } = await execa(join(server.programs, 'kubectl'), args)
  expect(stdout).toMatch(/Warning +InvalidEndpoints .* nodelb/)
  expect(stdout).toMatch(note)
  expect(await answers()).toEqual(['pod-a'])
}, 60_000)

function warningOf(service: string): Promise<Told> {
  return eventOf(service, ({ type }) => type === 'Warning')
}

test('people see in the API server how its node fares', async () => {
  await installKinds(server)
  const agent = await start()
  await agent.next('agent-ready')
  const path = '/apis/nodelb.io/v1alpha1/nodelbnodestatuses/node-a'
  const told = async () => (await server.admin.ask('GET', path)).body?.status
  await eventually(async () => (await told())?.ready === true)
  expect(await told()).toMatchObject({
    ...{ backend: 'nftables', scope: 'all', owned: true, reason: 'ready', changes: 0 },
    ...{ repairs: 0, refusedServices: 0, comparedAt: expect.any(String) },
  })
  expect(await told()).not.toHaveProperty('p99Milliseconds')
  await put(services, web())
  await serve(['pod-a'])
  await reaches(agent, ['pod-a'])
  await eventually(async () => (await told())?.changes > 0)
  const { p99Milliseconds, lastChangeAt, observedAt } = await told()
  expect(p99Milliseconds).toBeGreaterThan(0)
  expect(Date.parse(lastChangeAt)).toBeLessThanOrEqual(Date.parse(observedAt))
}, 90_000)

interface Told {
  readonly regarding: { readonly name: string }
  readonly type: string
  readonly reason: string
}

/** The first such Event of a Service, once the API server has it. */
async function eventOf(service: string, fits: (event: Told) => boolean): Promise<Told> {
  const path = '/apis/events.k8s.io/v1/namespaces/default/events'
  for (;;) {
    const { items } = await server.admin.call('GET', path)
    const found = items.find((event: Told) => event.regarding.name === service && fits(event))
    if (found) return found
    await sleep(100)
  }
}
