import { Agent } from '../agent/agent.ts'
import { keepRunning } from '../agent/background.ts'
import type { Configuration } from '../agent/configuration.ts'
import { stackOf } from '../agent/reconciler-events.ts'
import { ensureSysctl, prepareNode } from '../apply/sysctl/prepare-node.ts'
import { answersAsKubeProxy, parseListen } from '../config/bind-address.ts'
import type { Config } from '../config/config.ts'
import { ANY_NODE, conntrackOf, loopbackSysctlOf, toSettings } from '../config/settings.ts'
import { type Problem, printProblem } from '../decode/problem.ts'
import type { ListenAddress } from '../model/listening.ts'
import type { ServerOptions } from '../report/servers.ts'
import { tellSysctl } from '../report/sysctl-report.ts'
import type { Telemetry } from '../report/telemetry.ts'
import { Announcers, type AnnouncersSettings } from '../speaker/announcers.ts'
import type { ApiLocation } from '../watch/api/credentials.ts'
import { apiLocation } from './api-location.ts'
import { TROUBLE } from './arguments.ts'
import { followConfig, type Reading } from './follow-config.ts'
import { type Followed, followed, needsAllNodes, wantsAllNodes } from './followed.ts'
import { loadConfig } from './load.ts'
import type { Output } from './output.ts'
import type { RunOptions } from './run-arguments.ts'
import { untilSignal } from './until-signal.ts'

/** Runs `nodelb run` until SIGTERM or SIGINT. Returns the exit code. */
export async function runCommand(
  options: RunOptions,
  version: string,
  output: Output,
): Promise<number> {
  const { config, notes, errors } = readConfiguration(options)
  for (const problem of errors) output.say(printProblem(problem))
  if (config === undefined) return TROUBLE
  const node = options.node || config.hostname || process.env['NODE_NAME'] || undefined
  const listen = readListen('--listen', options.listen, output)
  const metricsListen =
    options.metricsListen && readListen('--metrics-listen', options.metricsListen, output)
  if (node === undefined) output.say(NO_NODE)
  if (options.files.includes('-')) output.say(STDIN)
  const location = locationOf(options, output)
  if (node === undefined || options.files.includes('-') || location === 'unknown') return TROUBLE
  if (listen === 'bad' || metricsListen === 'bad') return TROUBLE
  const addresses = { listen, ...(metricsListen && { metricsListen }) }
  return follow({ options, location, version, node, addresses, config, notes })
}

function readListen(flag: string, text: string, output: Output): ListenAddress | 'bad' {
  const address = parseListen(text)
  if (address !== undefined) return address
  output.say(`nodelb: ${flag}: found "${text}", ${ADDRESS}`)
  return 'bad'
}

function locationOf(options: RunOptions, output: Output): ApiLocation | 'files' | 'unknown' {
  if (options.files.length > 0) return 'files'
  const location = apiLocation(options.kubeconfig)
  if (location.kind !== 'unknown') return location
  output.say(`nodelb: ${location.reason}`)
  return 'unknown'
}

const NO_NODE = 'nodelb: --node: found nothing, expected the name of this Node (or NODE_NAME)'
const ADDRESS = 'expected an address and a port, such as 127.0.0.1:10266 or [::1]:10266'
const STDIN =
  'nodelb: --filename: found -, expected files or folders: what is followed can be read again'

interface Run {
  readonly options: RunOptions
  readonly location: ApiLocation | 'files'
  readonly version: string
  readonly node: string
  readonly addresses: Pick<ServerOptions, 'listen' | 'metricsListen'>
  readonly config: Config
  readonly notes: readonly Problem[]
}

async function follow(run: Run): Promise<number> {
  // This is the name that ps, nft and other agents show for the owner of the tables.
  process.title = 'nodelb'
  const { options, version, node, config, notes, addresses } = run
  const stop = new AbortController()
  const { source, ...following } = followed(run, (news) => agent.telemetry.tell(news), stop.signal)
  const announcing: Announcers = new Announcers({
    ...{ node, settings: announcingOf(config), ...following.announcing },
    tell: (news) => agent.telemetry.tell(news),
  })
  const agent: Agent = new Agent({
    version,
    node,
    announcing,
    connections: following.connections,
    configuration: configurationOf(config, notes, options, addresses),
    telemetry: telemetryOf(run, following.events),
  })
  const { telemetry } = agent
  const bug = reportBugs(telemetry)
  const stopped = untilSignal()
  telemetry.tell({ event: 'agent-started', version, node, scope: options.scope ?? config.scope })
  setSysctls(config, options, telemetry)
  // The end does not wait for an API server, or for a credential plugin.
  const { signal } = stop
  const running = Promise.all([
    agent.run(announcing.through(source), signal),
    keepRunning((until) => announcing.runLayer2(until), signal, bug),
    keepRunning((until) => announcing.runBgp(until), signal, bug),
    keepRunning((until) => announcing.runState(until), signal, bug),
    keepRunning((until) => following.publish(telemetry, until), signal, bug),
    keepRunning(followConfiguration(run, { ...following, agent, announcing }), signal, bug),
  ]).then(() => stopped)
  const reason = await Promise.race([stopped, running])
  const rules = options.cleanupOnExit ? 'removed' : 'stay'
  telemetry.tell({ event: 'agent-stopping', reason, rules })
  // Until the routes are gone and others answer for the addresses, everything goes on.
  await announcing.leave(reason, options.cleanupOnExit)
  stop.abort()
  return end(agent, announcing, options)
}

/**
 * Returns a function that reports an unexpected error. Errors that end the process are reported,
 * too.
 */
function reportBugs(telemetry: Telemetry): (error: unknown) => void {
  process.on('uncaughtExceptionMonitor', ({ stack = '' }) => {
    telemetry.tell({ event: 'bug', reason: stack })
  })
  return (error) => telemetry.tell({ event: 'bug', reason: stackOf(error) })
}

async function end(
  agent: Agent,
  announcing: Announcers,
  { cleanupOnExit }: RunOptions,
): Promise<number> {
  if (cleanupOnExit) {
    await announcing.remove()
    return (await agent.remove()) ? 0 : TROUBLE
  }
  await agent.stop()
  return 0
}

function telemetryOf(
  { options, addresses }: Run,
  events: Followed['events'],
): ConstructorParameters<typeof Agent>[0]['telemetry'] {
  const { logLevel: level, statusSocket: status } = options
  return { level, ...addresses, status, ...(events && { events }) }
}

function configurationOf(
  config: Config,
  notes: readonly Problem[],
  options: RunOptions,
  { listen, metricsListen }: Run['addresses'],
): Configuration {
  const { scope, backend } = options
  const listenPorts = [listen, metricsListen].flatMap((each) => (each ? [each.port] : []))
  return {
    source: config.source,
    kubeProxyAddresses: answersAsKubeProxy(
      config.bindAddresses,
      config.ownBindAddresses,
      scope ?? config.scope,
    ),
    limits: config.limits,
    ownership: config.ownership,
    tcp: config.tcpFlows,
    needsAllNodes: needsAllNodes(config, options),
    // An operator who sets it counts on it as the least time.
    syncPeriod: { ms: config.minSyncPeriod, mayEndEarly: !config.minSyncPeriodIsSet },
    comparePeriod: config.comparePeriod,
    settingsFor(node) {
      const { settings, problems } = toSettings(config, node, { scope, backend, listenPorts })
      return { settings, notes: [...notes, ...problems].map(printProblem) }
    },
  }
}

function announcingOf({ announce, allocation }: Config): AnnouncersSettings {
  return { ...announce, classes: allocation.loadBalancerClasses }
}

interface ReadConfiguration {
  /** The configuration; undefined if it cannot be used on any node. */
  readonly config: Config | undefined
  readonly errors: readonly Problem[]
  readonly notes: readonly Problem[]
}

function readConfiguration({ config: file, scope, backend }: RunOptions): ReadConfiguration {
  const { config, problems } = loadConfig(file)
  // Mere notes are reported later, for the real Node.
  const unfit = config ? toSettings(config, ANY_NODE, { scope, backend }).problems : []
  const errors = [...problems, ...unfit].filter(isError)
  const notes = problems.filter((problem) => !isError(problem))
  return { config: errors.length > 0 ? undefined : config, errors, notes }
}

function isError({ severity }: Problem): boolean {
  return severity === 'error'
}

interface Following extends Pick<Followed, 'interest' | 'configure'> {
  readonly agent: Agent
  readonly announcing: Announcers
}

/**
 * Follows the configuration file. While it cannot be used, the former configuration stays in force.
 */
function followConfiguration(
  { options, addresses, config: first }: Run,
  { agent, announcing, interest, configure }: Following,
): (signal: AbortSignal) => Promise<void> {
  const refuse = (reason: string): void => {
    const source = options.config ?? ''
    agent.telemetry.tell({ event: 'configuration-refused', source, reason })
  }
  const use = (config: Config, notes: readonly Problem[]): void => {
    setSysctls(config, options, agent.telemetry)
    configure(config)
    announcing.configure(announcingOf(config))
    if (interest?.follow(wantsAllNodes(config, options))) agent.expectNodes()
    agent.configure(configurationOf(config, notes, options, addresses))
  }
  const read = (): Reading => {
    const { config, notes, errors } = readConfiguration(options)
    const reason = errors.map(printProblem).join('; ')
    return config === undefined
      ? { text: reason, use: () => refuse(reason) }
      : { text: JSON.stringify(config), use: () => use(config, notes) }
  }
  return followConfig(options.config, { former: JSON.stringify(first), read })
}

function setSysctls(config: Config, options: RunOptions, telemetry: Telemetry): void {
  const wanted = conntrackOf(config, { scope: options.scope ?? config.scope })
  const loopback = loopbackSysctlOf(config, options)
  if (loopback !== undefined) tellSysctl(ensureSysctl(loopback), telemetry)
  for (const outcome of wanted === undefined ? [] : prepareNode(wanted)) {
    tellSysctl(outcome, telemetry)
  }
}
