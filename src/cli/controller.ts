import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { parseListen } from '../config/bind-address.ts'
import type { Config } from '../config/config.ts'
import { runController } from '../controller/run.ts'
import { printProblem } from '../decode/problem.ts'
import type { AllocationSettings } from '../model/allocation-settings.ts'
import { ApiClient } from '../watch/api/client.ts'
import { apiLocation } from './api-location.ts'
import { TROUBLE } from './arguments.ts'
import type { ControllerOptions } from './cluster-arguments.ts'
import { eventSink } from './event-sink.ts'
import { followConfig, type Reading } from './follow-config.ts'
import { loadConfig } from './load.ts'
import type { Output } from './output.ts'
import { PageSwitch } from './page-switch.ts'
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
  const page = new PageSwitch({ client, version })
  const running = runController({
    client,
    events: eventSink(client, stop.signal),
    version,
    identity: `${process.env['POD_NAME'] ?? hostname()}_${randomUUID()}`,
    namespace: options.namespace ?? process.env['POD_NAMESPACE'] ?? 'kube-system',
    listen,
    level: options.logLevel,
    settings: () => settings,
    reporting: (tell) => page.begin(config.ui, tell),
    followSettings: (changed, refused, signal) => {
      const use = ({ allocation, ui }: Config): void => {
        page.use(ui)
        const before = settings
        settings = allocation
        changed(before)
      }
      return following(options.config, config, { use, refuse: refused })(signal)
    },
    stopped,
    signal: stop.signal,
  })
  await running
  await page.close()
  client.close()
  return 0
}

const ADDRESS = 'expected an address and a port, such as 127.0.0.1:10267 or [::1]:10267'

/** Puts a configuration in force, or reports the file and why it cannot be used. */
interface Uses {
  readonly use: (found: Config) => void
  readonly refuse: (file: string, reason: string) => void
}

function following(file: string | undefined, config: Config, uses: Uses) {
  const read = (): Reading => reading(file, uses)
  return followConfig(file, { former: textOf(config), read })
}

function reading(file: string | undefined, { use, refuse }: Uses): Reading {
  const { config, problems } = loadConfig(file)
  const reason = problems.map(printProblem).join('; ')
  return config === undefined
    ? { text: reason, use: () => refuse(file ?? '', reason) }
    : { text: textOf(config), use: () => use(config) }
}

/** What the controller uses of a configuration. */
function textOf({ allocation, ui }: Config): string {
  return JSON.stringify({ allocation, ui })
}
