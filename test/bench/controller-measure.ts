import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import type { ApiServer } from '../e2e/support/apiserver.ts'
import { paths } from '../e2e/support/controllers.ts'
import { nodelb } from '../support/lab.ts'
import { RunningController } from '../support/running-controller.ts'
import { timeOf } from '../support/running-program.ts'
import { balancedService, pools } from './allocation-objects.ts'
import { memoryOf } from './memory.ts'
import { ServedServices } from './served-services.ts'
import { median } from './statistics.ts'
import { type Requests, requestsBetween, writtenRequests } from './written-requests.ts'

/** The controller as it is shipped, with a real API server. */
export interface ControllerResult {
  readonly services: number
  /** With Services and a pool there before the controller. */
  readonly start: Convergence
  /** With Services and the controller there before the pool. */
  readonly poolMade: Convergence
  /** Statuses a second that the API server takes from a client that does nothing else. */
  readonly bareRate: number
  /** With everything assigned: until a new Service has its address, and what else was written. */
  readonly restart: Weight & { readonly seconds: number; readonly others: number }
  readonly allocate: { readonly ms: number; readonly parseMs: number; readonly mb: number }
}

/** Until every Service has an address. */
export interface Convergence extends Weight {
  /** From the beginning: the start of the process, or the request that makes the pool. */
  readonly seconds: number
  /** From the first moment at which the controller could write. */
  readonly writing: number
  readonly requests: Requests
}

/** The process in MB: a while after the work, and at most. */
interface Weight {
  readonly residentMb: number
  readonly peakMb: number
}

/** As the controller writes. */
const HANDS = 8
/** Milliseconds for V8 to collect what the work left behind. */
const SETTLING = 20_000

const services = paths.services('shop')

/** Measures the start of the controller, and its restart. */
export async function measureStart(
  server: ApiServer,
  kubeconfig: string,
  count: number,
): Promise<Pick<ControllerResult, 'start' | 'restart'>> {
  const served = new ServedServices(server)
  const before = await writtenRequests(server)
  const began = Date.now()
  const controller = RunningController.start(kubeconfig)
  await served.reach(count)
  const now = Date.now()
  await served.end()
  const requests = requestsBetween(before, await writtenRequests(server))
  const seconds = (now - began) / 1000
  const writing = (now - timeOf(await controller.first('leading'))) / 1000
  const start = { seconds, writing, requests, ...(await weigh(controller)) }
  await controller.end('SIGTERM')
  return { start, restart: await measureRestart(server, kubeconfig, count) }
}

async function measureRestart(
  server: ApiServer,
  kubeconfig: string,
  count: number,
): Promise<ControllerResult['restart']> {
  await server.admin.call('POST', services, balancedService(count))
  const began = Date.now()
  const controller = RunningController.start(kubeconfig)
  const last = timeOf(await controller.next('status-written'))
  const weight = await weigh(controller)
  const all = controller.lines.filter(({ event }) => event === 'status-written')
  await controller.end('SIGTERM')
  return { seconds: (last - began) / 1000, others: all.length - 1, ...weight }
}

/** Services that the controller has told that there is no pool get one. */
export async function measurePoolMade(
  server: ApiServer,
  kubeconfig: string,
  count: number,
): Promise<Convergence> {
  const controller = RunningController.start(kubeconfig)
  for (let told = 0; told < count; told++) await controller.next('status-written')
  const served = new ServedServices(server)
  const before = await writtenRequests(server)
  const began = Date.now()
  await server.admin.create(paths.pools, pools)
  await served.reach(count)
  const seconds = (Date.now() - began) / 1000
  await served.end()
  const requests = requestsBetween(before, await writtenRequests(server))
  const weight = await weigh(controller)
  await controller.end('SIGTERM')
  return { seconds, writing: seconds, requests, ...weight }
}

async function weigh({ pid }: RunningController): Promise<Weight> {
  await sleep(SETTLING)
  return { residentMb: memoryOf(pid, 'VmRSS'), peakMb: memoryOf(pid, 'VmHWM') }
}

/**
 * Takes their addresses from all Services and returns how many a second: patches of the kind that the
 * controller sends, as many at a time.
 */
export async function measureBareRate({ admin }: ApiServer): Promise<number> {
  const { items } = await admin.call('GET', services)
  const waiting: IterableIterator<Stored> = items.values()
  const began = performance.now()
  const hand = async (): Promise<void> => {
    for (const { metadata } of waiting) {
      const { name, resourceVersion, annotations } = metadata
      const removed = Object.fromEntries(Object.keys(annotations).map((each) => [each, null]))
      await admin.call('PATCH', `${services}/${name}/status`, {
        metadata: { resourceVersion, annotations: removed },
        status: { loadBalancer: null, conditions: null },
      })
    }
  }
  await Promise.all(Array.from({ length: HANDS }, hand))
  return items.length / ((performance.now() - began) / 1000)
}

interface Stored {
  readonly metadata: {
    readonly name: string
    readonly resourceVersion: string
    readonly annotations: object
  }
}

const PARSE = 'JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"))'
const TURNS = 5

/** `nodelb allocate` of a file, and a process that only parses it, in turns. */
export async function measureAllocate(file: string): Promise<ControllerResult['allocate']> {
  const found = { ms: [] as number[], parseMs: [] as number[] }
  for (let turn = 0; turn < TURNS; turn++) {
    found.ms.push(await timed([nodelb, 'allocate', '-f', file]))
    found.parseMs.push(await timed(['-e', PARSE, file]))
  }
  const mb = readFileSync(file).length / 1e6
  return { ms: median(found.ms), parseMs: median(found.parseMs), mb }
}

async function timed(args: readonly string[]): Promise<number> {
  const began = performance.now()
  await execa(process.execPath, args, { stdout: 'ignore' })
  return performance.now() - began
}
