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
  measureController,
} from './controller-measure.ts'
import type { Answers } from './protocol.ts'
import { ratio, short, table } from './statistics.ts'
import { Worker } from './worker.ts'

/** With `--quick` fewer, for a machine that is busy. */
const SERVICES = process.argv.includes('--quick') ? 1_000 : 10_000
const READ = ['/api/v1/services', '/api/v1/namespaces', paths.pools]

/** One round by itself, and the program as it is shipped with a real API server. */
export async function measureControllers(
  folder: string,
  progress: (what: string) => void,
): Promise<Section[]> {
  progress('one round of the controller')
  const worker = new Worker()
  const costs = await worker.ask('allocation', { services: SERVICES })
  await worker.end()
  const server = await ApiServer.start({ flags: ['--service-node-port-range=1024-40000'] })
  try {
    const result = await measureWith(server, folder, progress)
    return [roundSection(costs), programSection(result), targetSection(result)]
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
  progress('the controller')
  const measured = await measureController(server, server.kubeconfig({ token }), SERVICES)
  progress('nodelb allocate')
  const file = join(folder, 'objects.json')
  writeFileSync(file, JSON.stringify({ kind: 'List', apiVersion: 'v1', items: await list(server) }))
  const allocate = await measureAllocate(file)
  progress('bare patches')
  return { ...measured, allocate, bareRate: await measureBareRate(server) }
}

/** All objects of the kinds, each with its kind, as kubectl prints them. */
async function list({ admin }: ApiServer): Promise<readonly object[]> {
  const lists = await Promise.all(READ.map((path) => admin.call('GET', path)))
  return lists.flatMap(({ apiVersion, kind, items }) =>
    items.map((item: object) => ({ apiVersion, kind: kind.replace(/List$/, ''), ...item })),
  )
}

function roundSection(costs: Answers['allocation']): Section {
  const { readMs, firstMs, emptyMs, fullMs, writes, laterWrites } = costs
  const row = (what: string, ms: number, count: number) => [
    what,
    short(ms),
    ratio(readMs, ms),
    String(count),
  ]
  return {
    title: `The controller: one round with ${SERVICES} Services of both families, ms`,
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
  const { services, converged, bareRate, restart, allocate } = result
  const rate = services / converged.writing
  return {
    title: `The controller: ${services} Services, API server`,
    body: table(
      ['what', 'seconds', 'a second', 'to the bare client'],
      [
        ['first start, to the last status', short(converged.seconds), '', ''],
        [
          'from leading to the last status',
          short(converged.writing),
          short(rate),
          ratio(bareRate, rate),
        ],
        ['restart, to the status of a new Service', short(restart.seconds), '', ''],
        [
          `nodelb allocate -f, ${short(allocate.mb)} MB`,
          short(allocate.ms / 1000),
          '',
          ratio(allocate.parseMs, allocate.ms),
        ],
      ],
    ),
    notes: [
      `bare client: patches of the same kind, as many at a time, ${short(bareRate)} a second; of the file,`,
      `a process that does nothing but JSON.parse, ${short(allocate.parseMs / 1000)} s.`,
    ],
  }
}

function targetSection({ residentMb, peakMb, restart }: ControllerResult): Section {
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
        row('resident, after the first start', residentMb, 200, ' MB'),
        row('most, first start', peakMb, 200, ' MB'),
        row('resident, after a restart', restart.residentMb, 200, ' MB'),
        row('most, restart', restart.peakMb, 200, ' MB'),
        row('statuses written by a restart', restart.others, 0, ''),
      ],
    ),
    notes: [],
  }
}
