import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ApiServer } from '../e2e/support/apiserver.ts'
import { installController, paths } from '../e2e/support/controllers.ts'
import type { Section } from './agent.ts'
import { balancedService, pools } from './allocation-objects.ts'
import {
  type ControllerResult,
  measureAllocate,
  measureBareRate,
  measurePoolMade,
  measureStart,
} from './controller-measure.ts'
import type { Answers } from './protocol.ts'
import { ratio, short, table } from './statistics.ts'
import { Worker } from './worker.ts'
import { printRequests } from './written-requests.ts'

/** With `--quick` fewer, for a machine that is busy. */
const SERVICES = process.argv.includes('--quick') ? 1_000 : 10_000
/** Of both, where addresses are those of Nodes. */
const NODES = SERVICES / 10
const READ = ['/api/v1/services', '/api/v1/namespaces', paths.pools]

/** One round by itself, and the program as it is shipped with a real API server. */
export async function measureControllers(
  folder: string,
  progress: (what: string) => void,
): Promise<Section[]> {
  progress('one round of the controller')
  const worker = new Worker()
  const costs = await worker.ask('allocation', { services: SERVICES, nodes: 0 })
  await worker.end()
  const other = new Worker()
  const nodeCosts = await other.ask('allocation', { services: NODES, nodes: NODES })
  await other.end()
  const rounds = [
    roundSection(`${SERVICES} Services, a pool`, costs),
    roundSection(`${NODES} Services, each with the addresses of ${NODES} Nodes`, nodeCosts),
  ]
  const server = await ApiServer.start({ flags: ['--service-node-port-range=1024-40000'] })
  try {
    const result = await measureWith(server, folder, progress)
    return [...rounds, programSection(result), targetSection(result)]
  } finally {
    await server.stop()
  }
}

async function measureWith(
  server: ApiServer,
  folder: string,
  progress: (what: string) => void,
): Promise<ControllerResult> {
  const { admin } = server
  await installController(server)
  const token = await server.serviceAccountToken('kube-system', 'nodelb-controller')
  progress(`${SERVICES} Services without an address`)
  await admin.call('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } })
  await admin.create(paths.pools, pools)
  const all = Array.from({ length: SERVICES }, (_, index) => balancedService(index))
  await admin.create(paths.services('shop'), all)
  progress('the controller starts')
  const kubeconfig = server.kubeconfig({ token })
  const measured = await measureStart(server, kubeconfig, SERVICES)
  progress('nodelb allocate')
  const file = join(folder, 'objects.json')
  writeFileSync(file, JSON.stringify({ kind: 'List', apiVersion: 'v1', items: await list(server) }))
  const allocate = await measureAllocate(file)
  progress('a bare client takes all addresses')
  for (const { metadata } of pools) await admin.call('DELETE', `${paths.pools}/${metadata.name}`)
  const bareRate = await measureBareRate(server)
  progress('a pool is made')
  // One Service more by now: the restart has added it.
  const poolMade = await measurePoolMade(server, kubeconfig, SERVICES + 1)
  return { services: SERVICES, ...measured, allocate, bareRate, poolMade }
}

/** All objects of the kinds, each with its kind, as kubectl prints them. */
async function list({ admin }: ApiServer): Promise<readonly object[]> {
  const lists = await Promise.all(READ.map((path) => admin.call('GET', path)))
  return lists.flatMap(({ apiVersion, kind, items }) =>
    items.map((item: object) => ({ apiVersion, kind: kind.replace(/List$/, ''), ...item })),
  )
}

function roundSection(what: string, costs: Answers['allocation']): Section {
  const { readMs, firstMs, emptyMs, fullMs, writes, laterWrites } = costs
  const row = (what: string, ms: number, count: number) => [
    what,
    short(ms),
    ratio(readMs, ms),
    String(count),
  ]
  return {
    title: `The controller: one round with ${what}, both families`,
    body: table(
      ['round', 'ms', 'round/read', 'writes'],
      [
        row('the first of the process', firstMs, writes),
        row('none has an address, median', emptyMs, writes),
        row('all have theirs, median', fullMs, laterWrites),
      ],
    ),
    notes: [`read: JSON.parse of each object, and what nodelb reads of it: ${short(readMs)} ms.`],
  }
}

function programSection(result: ControllerResult): Section {
  const { services, start, poolMade, bareRate, restart, allocate } = result
  const rate = (seconds: number): readonly string[] => {
    const perSecond = services / seconds
    return [short(perSecond), ratio(bareRate, perSecond)]
  }
  const row = (what: string, seconds: number, more: readonly string[] = ['', '']) => [
    what,
    short(seconds),
    ...more,
  ]
  return {
    title: `The controller: ${services} Services, API server`,
    body: table(
      ['what', 'seconds', 'a second', 'to the bare client'],
      [
        row('from its start to the last status', start.seconds, rate(start.seconds)),
        row('from leading to the last status', start.writing, rate(start.writing)),
        row('from a pool being made to the last status', poolMade.seconds, rate(poolMade.seconds)),
        row('the bare client', services / bareRate, rate(services / bareRate)),
        row('restart, to the status of a new Service', restart.seconds),
        row(`nodelb allocate -f, ${short(allocate.mb)} MB`, allocate.ms / 1000, [
          '',
          ratio(allocate.parseMs, allocate.ms),
        ]),
      ],
    ),
    notes: [
      `written from its start on: ${printRequests(start.requests)}.`,
      `written from the pool on: ${printRequests(poolMade.requests)}.`,
      'bare client: as many patches of the same kind, as many at a time; of the file, a process that',
      `does nothing but JSON.parse, ${short(allocate.parseMs / 1000)} s.`,
    ],
  }
}

function targetSection({ start, poolMade, restart }: ControllerResult): Section {
  const row = (what: string, value: number, limit: number, unit: string) => [
    what,
    `≤ ${limit}${unit}`,
    `${short(value)}${unit}`,
    value <= limit ? 'met' : 'MISSED',
  ]
  return {
    title: 'The controller: targets',
    body: table(
      ['target', 'wanted', 'measured', ''],
      [
        row('resident, after the first start', start.residentMb, 200, ' MB'),
        row('most, first start', start.peakMb, 200, ' MB'),
        row('resident, after a pool was made', poolMade.residentMb, 200, ' MB'),
        row('most, a pool is made', poolMade.peakMb, 200, ' MB'),
        row('resident, after a restart', restart.residentMb, 200, ' MB'),
        row('most, restart', restart.peakMb, 200, ' MB'),
        row('statuses written by a restart', restart.others, 0, ''),
      ],
    ),
    notes: [],
  }
}
