import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { parseListen } from '../config/bind-address.ts'
import { runController } from '../controller/run.ts'
import { printProblem } from '../decode/problem.ts'
import type { AllocationSettings } from '../model/allocation-settings.ts'
import { ApiClient } from '../watch/api/client.ts'
import { eachChange } from '../watch/files/file-watchers.ts'
import { apiLocation } from './api-location.ts'
import { TROUBLE } from './arguments.ts'
import type { ControllerOptions } from './cluster-arguments.ts'
import { eventSink } from './event-sink.ts'
import { configPlaces, loadConfig } from './load.ts'
import type { Output } from './output.ts'
import { untilSignal } from './until-signal.ts'

/** Runs `nodelb controller` until SIGTERM or SIGINT. Returns the exit code. */
export async function controllerCommand(
  options: ControllerOptions,
  version: string,
  output: Output,
): Promise<number> {
  const { config, problems } = loadConfig(options.config)
  for (const problem of problems) output.say(printProblem(problem))
  const listen = parseListen(options.listen)
  if (listen === undefined) output.say(`nodelb: --listen: found "${options.listen}", ${ADDRESS}`)
  const location = apiLocation(options.kubeconfig)
  if (location.kind === 'unknown') output.say(`nodelb: ${location.reason}`)
  if (config === undefined || listen === undefined || location.kind === 'unknown') return TROUBLE
  process.title = 'nodelb'
  let settings: AllocationSettings = config.allocation
  const stop = new AbortController()
  const stopped = untilSignal(stop)
  const client = new ApiClient(location, `nodelb-controller/${version}`)
  const running = runController({
    client,
    events: eventSink(client, stop.signal),
    version,
    identity: `${process.env['POD_NAME'] ?? hostname()}_${randomUUID()}`,
    namespace: options.namespace ?? process.env['POD_NAMESPACE'] ?? 'kube-system',
    listen,
    level: options.logLevel,
    settings: () => settings,
    followSettings: (changed, refused, signal) =>
      followConfig(options.config, config.allocation, signal, (found) => {
        if (found.kind === 'refused') return refused(options.config ?? '', found.reason)
        const before = settings
        settings = found.settings
        changed(before)
      }),
    stopped,
    signal: stop.signal,
  })
  await running
  client.close()
  return 0
}

const ADDRESS = 'expected an address and a port, such as 127.0.0.1:10267 or [::1]:10267'

type Found =
  | { readonly kind: 'settings'; readonly settings: AllocationSettings }
  | { readonly kind: 'refused'; readonly reason: string }

/** Follows the configuration file, which first said `initial`, until the signal aborts. */
async function followConfig(
  file: string | undefined,
  initial: AllocationSettings,
  signal: AbortSignal,
  told: (found: Found) => void,
): Promise<void> {
  if (file === undefined) return
  let former = JSON.stringify(initial)
  const look = (): void => {
    const { config, problems } = loadConfig(file)
    const reason = problems.map(printProblem).join('; ')
    const now = config === undefined ? reason : JSON.stringify(config.allocation)
    if (now === former) return
    former = now
    told(
      config === undefined
        ? { kind: 'refused', reason }
        : { kind: 'settings', settings: config.allocation },
    )
  }
  await eachChange(() => configPlaces(file), look, signal)
}
