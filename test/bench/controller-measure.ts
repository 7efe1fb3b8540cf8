import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import type { ApiServer } from '../e2e/support/apiserver.ts'
import { paths } from '../e2e/support/controllers.ts'
import { nodelb } from '../support/lab.ts'
import { RunningController } from '../support/running-controller.ts'
import { timeOf } from '../support/running-program.ts'
import { balancedService } from './allocation-objects.ts'
import { memoryOf } from './memory.ts'
import { ServedServices } from './served-services.ts'
import { median } from './statistics.ts'

/** The controller as it is shipped, with a real API server. */
export interface ControllerResult {
  readonly services: number
  /** From the start of the process, and from the first round on, to the last status; seconds. */
  readonly converged: { readonly seconds: number; readonly writing: number }
  /** Statuses a second that the API server takes from a client that does nothing else. */
  readonly bareRate: number
  readonly residentMb: number
  readonly peakMb: number
  /** With everything assigned: until a new Service has its address, and what else was written. */
  readonly restart: {
    readonly seconds: number
    readonly others: number
    readonly residentMb: number
    readonly peakMb: number
  }
  readonly allocate: { readonly ms: number; readonly parseMs: number; readonly mb: number }
}

/** As the controller writes. */
const HANDS = 8
const PATCHES = 2_000
/** Milliseconds for V8 to collect what the start left behind. */
const SETTLING = 20_000

const services = paths.services('shop')

export async function measureController(
  server: ApiServer,
  kubeconfig: string,
  count: number,
): Promise<Omit<ControllerResult, 'bareRate' | 'allocate'>> {
  const served = new ServedServices(server)
  const began = Date.now()
  const controller = RunningController.start(kubeconfig)
  await served.reach(count)
  const now = Date.now()
  await served.end()
  const seconds = (now - began) / 1000
  const writing = (now - timeOf(await controller.first('leading'))) / 1000
  await sleep(SETTLING)
  const [residentMb, peakMb] = weigh(controller)
  await controller.end('SIGTERM')
  const restart = await measureRestart(server, kubeconfig, count)
  return { services: count, converged: { seconds, writing }, residentMb, peakMb, restart }
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
  await sleep(SETTLING)
  const [residentMb, peakMb] = weigh(controller)
  const all = controller.lines.filter(({ event }) => event === 'status-written')
  await controller.end('SIGTERM')
  return { seconds: (last - began) / 1000, others: all.length - 1, residentMb, peakMb }
}

function weigh({ pid }: RunningController): readonly [residentMb: number, peakMb: number] {
  return [memoryOf(pid, 'VmRSS'), memoryOf(pid, 'VmHWM')]
}

/** Patches of the kind and the size that the controller sends, as many at a time. */
export async function measureBareRate({ admin }: ApiServer): Promise<number> {
  const { items } = await admin.call('GET', `${services}?limit=${PATCHES}`)
  const patches = items.map(({ metadata, status }: { metadata: Stored; status: object }) => {
    const { name, resourceVersion, annotations } = metadata
    // Something has to change, else nothing is stored.
    const changed = { ...annotations, 'nodelb.io/allocated': `${name} is one of them` }
    return { name, patch: { metadata: { resourceVersion, annotations: changed }, status } }
  })
  const waiting = patches.values()
  const began = performance.now()
  const hand = async (): Promise<void> => {
    for (const { name, patch } of waiting) {
      await admin.call('PATCH', `${services}/${name}/status`, patch)
    }
  }
  await Promise.all(Array.from({ length: HANDS }, hand))
  return patches.length / ((performance.now() - began) / 1000)
}

interface Stored {
  readonly name: string
  readonly resourceVersion: string
  readonly annotations: object
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
