import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeConfiguration } from '../support/configuration.ts'
import { eventually } from '../support/eventually.ts'
import { Lab } from '../support/lab.ts'
import { RunningAgent } from '../support/running-agent.ts'
import { webNode } from '../support/web.ts'
import { ApiServer } from './support/apiserver.ts'
import { Door } from './support/door.ts'
import { services, slices } from './support/objects.ts'

const CHANGES = 14_000
/** All of them change at once; then a commit is awaited. */
const SERVICES = 100
/** Memory grows by 10 MB in the first of them, and by 3 in the 30,000 that follow. */
const WARMING = 4_000
/** Until then, resident memory is looked at; after it live objects, for which V8 takes a lot of memory. */
const LOOKING = 11_000
/**
 * Resident memory may grow by so much between the middles of the second and the last quarter, where
 * 3,500 changes are: 1.2 KB for each, of whatever kind. It wavers by 2 MB.
 */
const RESIDENT_GROWTH_MB = 4
/**
 * Live objects may grow by so much in the 3,000 changes after that: 500 bytes for each. V8's own
 * tables waver by 0.8 MB; after 10,000 more changes they are as large as before.
 */
const LIVE_GROWTH_MB = 1.5
/** V8 collects when it must: with little more than the agent needs, resident memory is no garbage. */
const SMALL_HEAP = ['--max-old-space-size=40', '--max-semi-space-size=1']

let server: ApiServer
let lab: Lab
let door: Door
let folder: string
let agent: RunningAgent
/** The present names of the Services. */
let names: string[]
let changes = 0

beforeAll(async () => {
  server = await ApiServer.start()
  await server.admin.call('POST', '/api/v1/nodes', webNode)
  await server.admin.call('PATCH', '/api/v1/nodes/node-a/status', webNode)
  lab = await Lab.build()
  door = await Door.open(lab.namespace('node'), server.port)
}, 600_000)

afterAll(async () => {
  await agent?.end('SIGKILL')
  await door?.close()
  await lab?.remove()
  await server?.stop()
})

test(`${CHANGES} changes leave no memory and no descriptors behind`, async () => {
  names = Array.from({ length: SERVICES }, (_, at) => `web-${at}`)
  await Promise.all(names.map((name) => create(name, 0)))
  agent = start()
  await agent.next('agent-ready')
  // For what it tells of its Node the agent keeps one more connection. The cluster has no such kind.
  await agent.next('node-status-not-written')
  while (changes < WARMING) await changeAll()
  const first = descriptors()
  const resident: number[] = []
  while (changes < LOOKING) {
    await changeAll()
    resident.push(residentMb())
  }
  const [, second = Number.NaN, , last = Number.NaN] = quarters(resident).map(middle)
  const before = await liveMb()
  while (changes < CHANGES) await changeAll()
  const live = await liveMb()
  console.log(`resident: ${second.toFixed(1)} MB, ${(last - second).toFixed(1)} more at last`)
  console.log(`live objects: ${before.toFixed(2)} MB, ${(live - before).toFixed(2)} more at last`)
  expect(last - second).toBeLessThan(RESIDENT_GROWTH_MB)
  expect(live - before).toBeLessThan(LIVE_GROWTH_MB)
  // An idle connection may have been closed; and what listens on the node may be looked for at this moment.
  const late = () => `descriptors: ${descriptors().join(' ')}\nat first: ${first.join(' ')}`
  await eventually(() => descriptors().length <= first.length, { late })
  // All of it was programmed.
  while (!(await rules()).includes(podAddress(changes - 2))) await agent.next('kernel-committed')
}, 900_000)

/** Commits as often as it can. */
function start(): RunningAgent {
  const kubeconfig = server.kubeconfig()
  folder = dirname(kubeconfig)
  const config = join(folder, 'nodelb.yaml')
  writeConfiguration(config, { minSyncPeriod: '0s' })
  const flags = [...SMALL_HEAP, '--heapsnapshot-signal=SIGUSR2', `--diagnostic-dir=${folder}`]
  return RunningAgent.start(
    ['ip', 'netns', 'exec', lab.namespace('node')],
    [
      ...['--kubeconfig', kubeconfig, '--config', config, '--node', 'node-a', '--scope', 'all'],
      ...['--status-socket', join(folder, 'status.sock')],
    ],
    ([node = '', ...command]) => [node, ...flags, ...command],
  )
}

/** A commit followed when this is over. */
async function changeAll(): Promise<void> {
  const from = changes
  changes += SERVICES
  agent.skip()
  await Promise.all(names.map((_, at) => changeOne(at, from + at)))
  await agent.next('kernel-committed', ({ operations }) => Number(operations) > 0)
}

/** Nine in ten replace a pod; the tenth replaces a Service by one of another name. */
async function changeOne(at: number, change: number): Promise<void> {
  const name = names[at] ?? ''
  if (change % 10 !== 9) {
    await server.admin.call('PATCH', `${slices}/${name}`, { endpoints: [pod(change)] })
    return
  }
  await server.admin.call('DELETE', `${services}/${name}`)
  await server.admin.call('DELETE', `${slices}/${name}`)
  names[at] = `web-${change}`
  await create(`web-${change}`, change)
}

async function create(name: string, change: number): Promise<void> {
  const metadata = { name, labels: { 'kubernetes.io/service-name': name } }
  const type = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' }
  const ports = [{ name: '', protocol: 'TCP', port: 8080 }]
  const content = { addressType: 'IPv4', ports, endpoints: [pod(change)] }
  await server.admin.call('POST', services, { metadata, spec: { ports: [{ port: 80 }] } })
  await server.admin.call('POST', slices, { ...type, metadata, ...content })
}

function pod(change: number): object {
  const conditions = { ready: true }
  return { addresses: [podAddress(change)], conditions, nodeName: 'node-b' }
}

/** One that no change before had. */
function podAddress(change: number): string {
  return `10.${200 + (change >> 16)}.${(change >> 8) & 255}.${change & 255}`
}

async function rules(): Promise<string> {
  const { stdout } = await lab.run('nft', ['list', 'ruleset'])
  return stdout
}

/** Compiled when used often, and let go when not. */
const OF_V8 = new Set(['code', 'hidden', 'object shape'])

/** What lives after a collection, by the snapshot that Node.js writes when it is signalled. */
async function liveMb(): Promise<number> {
  const written = () => readdirSync(folder).find((name) => name.endsWith('.heapsnapshot'))
  process.kill(agent.pid, 'SIGUSR2')
  while (written() === undefined) await changeAll()
  // Nothing is committed while it is being written.
  await changeAll()
  const file = join(folder, written() ?? '')
  const { snapshot, nodes } = JSON.parse(readFileSync(file, 'utf8'))
  rmSync(file)
  const { node_fields: fields, node_types: types } = snapshot.meta
  const [typeAt, sizeAt] = [fields.indexOf('type'), fields.indexOf('self_size')]
  let bytes = 0
  for (let at = 0; at < nodes.length; at += fields.length) {
    if (!OF_V8.has(types[typeAt][nodes[at + typeAt]])) bytes += nodes[at + sizeAt]
  }
  return bytes / 1e6
}

function residentMb(): number {
  const status = readFileSync(`/proc/${agent.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1]) / 1024
}

/** What the agent has open. One may have been closed while they were read. */
function descriptors(): readonly string[] {
  const folder = `/proc/${agent.pid}/fd`
  const open = readdirSync(folder).flatMap((name) => {
    try {
      return readlinkSync(join(folder, name))
    } catch {
      return []
    }
  })
  return open.sort()
}

function quarters(values: readonly number[]): number[][] {
  const length = values.length / 4
  return [0, 1, 2, 3].map((n) => values.slice(n * length, (n + 1) * length))
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}
