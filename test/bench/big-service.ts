import { setTimeout as sleep } from 'node:timers/promises'
import type { Session } from '../../src/dataplane/session.ts'
import type { SliceObject } from '../../src/model/service.ts'
import type { Section } from './backends.ts'
import { makeCluster, makeSlices, node, type Size, settings } from './cluster.ts'
import type { Answers } from './protocol.ts'
import { startOn } from './start-on.ts'
import { median, short, table } from './statistics.ts'
import { Worker } from './worker.ts'

/** As many endpoints as the API server's controller puts into a slice. */
const PER_SLICE = 100
const CHANGES = 40
/** V8 tidies up after a change meanwhile. */
const PAUSE = 50

/** What a change costs by the number of endpoints that its Service has. */
export async function measureBigServices(
  progress: (what: string) => void,
  { endpoints: counts, turns }: { readonly endpoints: readonly number[]; readonly turns: number },
): Promise<Section> {
  progress('Services with many endpoints')
  const answers = new Map<number, Answers['bigService'][]>(counts.map((count) => [count, []]))
  for (let turn = 0; turn < turns; turn++) {
    for (const endpoints of counts) {
      const worker = new Worker()
      answers.get(endpoints)?.push(await worker.ask('bigService', { endpoints }))
      await worker.end()
    }
  }
  const rows = counts.map((endpoints): readonly [number, number, number] => {
    const found = answers.get(endpoints) ?? []
    return [
      median(found.map(({ operations }) => operations)),
      median(found.map(({ changeMs }) => changeMs)),
      median(found.map(({ changeCpuMs }) => changeCpuMs)),
    ]
  })
  const [, fewMs, fewCpuMs] = rows[0] ?? [0, Number.NaN, Number.NaN]
  return {
    title: 'One endpoint replaced, by the number of endpoints of its Service',
    body: table(
      ['endpoints', 'operations', 'change ms', 'to the least', 'CPU ms', 'to the least'],
      rows.map(([operations, ms, cpuMs], at) => [
        String(counts[at]),
        String(operations),
        short(ms),
        `${short(ms / fewMs)}×`,
        short(cpuMs),
        `${short(cpuMs / fewCpuMs)}×`,
      ]),
    ),
    notes: [
      `One Service with a ClusterIP, a NodePort and a load-balancer address, slices of ${PER_SLICE} endpoints.`,
      `Medians of ${turns} runs in turns, each the median of ${CHANGES} changes.`,
    ],
  }
}

/** In a child process. */
export async function bigServiceCosts(endpoints: number): Promise<Answers['bigService']> {
  const size: Size = { services: 1, endpoints, dualStack: false, external: true }
  const { services } = makeCluster(size)
  const cluster = { services, slices: cut(makeSlices(size, 0, endpoints)) }
  const started = await startOn('nftables', { cluster, node, settings })
  if (started.kind !== 'started') throw new Error(started.outcome.reason)
  const changes: Answers['bigService'][] = []
  for (let turn = 0; turn < CHANGES; turn++) {
    const changed = cut(makeSlices(size, 0, endpoints, turn)).at(-1)
    await sleep(PAUSE)
    if (changed !== undefined) changes.push(await costOf(started.session, changed))
  }
  const of = (what: keyof Answers['bigService']): number =>
    median(changes.map((each) => each[what]))
  return {
    changeMs: of('changeMs'),
    changeCpuMs: of('changeCpuMs'),
    operations: of('operations'),
  }
}

async function costOf(session: Session, slice: SliceObject): Promise<Answers['bigService']> {
  const cpu = process.cpuUsage()
  const began = performance.now()
  session.renderer.setSlice(slice)
  const settled = await session.sync()
  const changeMs = performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  if (settled.kind !== 'committed') throw new Error(settled.reason)
  return { changeMs, changeCpuMs: (user + system) / 1000, operations: settled.operations }
}

function cut(slices: readonly SliceObject[]): readonly SliceObject[] {
  return slices.flatMap((slice) =>
    Array.from({ length: Math.ceil(slice.endpoints.length / PER_SLICE) }, (_, part) => ({
      ...slice,
      name: `${slice.name}-${part}`,
      endpoints: slice.endpoints.slice(part * PER_SLICE, (part + 1) * PER_SLICE),
    })),
  )
}
