import { dirname } from 'node:path'
import { Agent, type Configuration } from '../agent/agent.ts'
import type { Address, Telemetry } from '../agent/telemetry/telemetry.ts'
import { prepareNode, printSysctl } from '../apply/sysctl/prepare-node.ts'
import type { ConntrackSettings } from '../model/conntrack.ts'
import { ApiClient } from '../watch/api/client.ts'
import { followApiServer } from '../watch/api-source.ts'
import { type Problem, printProblem } from '../watch/problem.ts'
import type { Source } from '../watch/source.ts'
import { type RunOptions, TROUBLE } from './arguments.ts'
import type { Output } from './commands.ts'
import type { Config } from './config.ts'
import { eventSink } from './event-sink.ts'
import { eachChange } from './file-watchers.ts'
import { folderSource } from './folder.ts'
import { loadConfig } from './load.ts'
import { conntrackOf, toSettings } from './settings.ts'

/** `nodelb run`: until SIGTERM or SIGINT. Returns the exit code. */
export async function runCommand(
  options: RunOptions,
  version: string,
  output: Output,
): Promise<number> {
  const loaded = loadConfig(options.config)
  for (const problem of loaded.problems) output.say(printProblem(problem))
  if (loaded.config === undefined) return TROUBLE
  const node = options.node ?? loaded.config.hostname ?? process.env['NODE_NAME']
  const listen = parseListen(options.listen)
  if (node === undefined) output.say(NO_NODE)
  if (listen === undefined) output.say(`nodelb: --listen: found "${options.listen}", ${ADDRESS}`)
  if (node === undefined || listen === undefined) return TROUBLE
  return follow({ options, version, node, listen, config: loaded.config })
}

const NO_NODE = 'nodelb: --node: found nothing, expected the name of this Node (or NODE_NAME)'
const ADDRESS = 'expected an address and a port, such as 127.0.0.1:10266 or [::1]:10266'

interface Run {
  readonly options: RunOptions
  readonly version: string
  readonly node: string
  readonly listen: Address
  readonly config: Config
}

async function follow(run: Run): Promise<number> {
  // As ps, nft and other agents name the owner of the tables.
  process.title = 'nodelb'
  const { options, version, node } = run
  const stop = new AbortController()
  const { source, events } = sourceOf(run, stop.signal)
  const teller: Teller = {}
  const agent = new Agent({
    version,
    node,
    configuration: configurationOf(run.config, options, teller),
    telemetry: {
      level: options.logLevel,
      listen: run.listen,
      status: options.statusSocket,
      ...(events && { events }),
    },
  })
  const { telemetry } = agent
  teller.telemetry = telemetry
  const reason = untilSignal(stop)
  const scope = options.scope ?? run.config.scope
  telemetry.tell({ event: 'agent-started', version, node, scope })
  setSysctls(conntrackOf(run.config, { scope }), telemetry)
  const following = [agent.run(source, stop.signal)]
  if (options.config !== undefined) {
    following.push(followConfig(options.config, options, agent, teller, stop.signal))
  }
  await Promise.all(following)
  const rules = options.cleanupOnExit ? 'removed' : 'stay'
  telemetry.tell({ event: 'agent-stopping', reason: await reason, rules })
  await agent.stop(options.cleanupOnExit)
  return 0
}

/** Filled once there is telemetry; the configuration is needed to start it. */
interface Teller {
  telemetry?: Telemetry
}

function sourceOf({ options, version, node }: Run, signal: AbortSignal) {
  if (options.files.length > 0) return { source: folderSource(options.files), events: undefined }
  const location =
    options.kubeconfig === undefined
      ? ({ kind: 'in-cluster' } as const)
      : ({ kind: 'kubeconfig', file: options.kubeconfig } as const)
  const client = new ApiClient(location, `nodelb/${version}`)
  const source: Source = followApiServer(client, node)
  return { source, events: eventSink(client, signal) }
}

function configurationOf(config: Config, options: RunOptions, teller: Teller): Configuration {
  const { scope, backend } = options
  return {
    ownership: config.ownership,
    tcp: config.tcpFlows,
    minSyncPeriod: config.minSyncPeriod,
    comparePeriod: config.comparePeriod,
    settingsFor(node) {
      const { settings, problems } = toSettings(config, node, { scope, backend })
      const refused = tellConfig(config.source, problems, teller)
      return refused ? undefined : settings
    },
  }
}

/** True where the configuration cannot be used. */
function tellConfig(source: string, problems: readonly Problem[], teller: Teller): boolean {
  const errors = problems.filter(({ severity }) => severity === 'error')
  const reason = errors.map(printProblem).join('; ')
  if (errors.length > 0) teller.telemetry?.tell({ event: 'configuration-refused', source, reason })
  else teller.telemetry?.tell({ event: 'configuration-loaded', source })
  return errors.length > 0
}

async function followConfig(
  file: string,
  options: RunOptions,
  agent: Agent,
  teller: Teller,
  signal: AbortSignal,
): Promise<void> {
  let former = JSON.stringify(loadConfig(file))
  const look = (): void => {
    const { config, problems } = loadConfig(file)
    const now = JSON.stringify({ config, problems })
    if (now === former) return
    former = now
    tellConfig(file, problems, teller)
    if (config !== undefined) agent.configure(configurationOf(config, options, teller))
  }
  await eachChange(() => new Set([dirname(file)]), look, signal)
}

/** What the init container could not set, or nobody has yet. */
function setSysctls(wanted: ConntrackSettings | undefined, telemetry: Telemetry): void {
  for (const outcome of wanted === undefined ? [] : prepareNode(wanted)) {
    if (outcome.kind === 'kept') continue
    const event = outcome.kind === 'set' ? 'sysctl-set' : 'sysctl-not-set'
    telemetry.tell({ event, sysctl: outcome.name, found: printSysctl(outcome) })
  }
}

/** Resolves with the name of the signal; a second one ends the process at once. */
function untilSignal(stop: AbortController): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        resolve(signal)
        stop.abort()
      })
    }
  })
}

/** `127.0.0.1:10266`, `[::1]:10266`, `:10266` for all addresses. */
function parseListen(text: string): Address | undefined {
  const [, host = '', digits = ''] = /^(.*):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === '' || port > 65535) return undefined
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  return { host: bare === '' ? undefined : bare, port }
}
