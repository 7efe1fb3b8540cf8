import { Command, CommanderError } from 'commander'
import type { Scope } from '../model/node.ts'
import type { Level } from '../report/events/occurrence.ts'
import { type ClusterInvocation, clusterCommands } from './cluster-arguments.ts'
import {
  FILES,
  type Format,
  kubeconfigOption,
  logLevelOption,
  withChoices,
  withConfig,
  withFormat,
  withSocket,
} from './common-options.ts'

/** The input of render, diff and apply. */
export interface Sources {
  readonly files: readonly string[]
  readonly node: string | undefined
  readonly config: string | undefined
  readonly scope: Scope | undefined
  readonly backend: string | undefined
  /** The folder in which the agent keeps the addresses that it gave to the Services. */
  readonly state?: string | undefined
  readonly format: Format
}

/** The packet to explain, and the rules that it meets. */
export interface ExplainOptions {
  /** The files; without any, what the kernel holds is explained. */
  readonly sources: Sources
  readonly from: string
  readonly to: string
  /** The interface on which the packet comes in; if undefined, the routes decide. */
  readonly input: string | undefined
}

/** The options of the agent. */
export interface RunOptions
  extends Pick<Sources, 'files' | 'node' | 'config' | 'scope' | 'backend'> {
  /** The kubeconfig; if undefined, it is looked for where kubectl looks, and in the pod. */
  readonly kubeconfig: string | undefined
  /** The folder that keeps the addresses given to the Services of files. */
  readonly state: string
  /** `host:port` for probes and metrics. */
  readonly listen: string
  /** A further `host:port` for metrics alone. */
  readonly metricsListen: string | undefined
  readonly statusSocket: string
  readonly logLevel: Level
  readonly cleanupOnExit: boolean
}

type Invocation =
  | { readonly kind: 'render' | 'apply'; readonly sources: Sources }
  /** A comparison with other objects, or with the kernel if there are none. */
  | { readonly kind: 'diff'; readonly sources: Sources; readonly against: readonly string[] }
  | { readonly kind: 'explain'; readonly options: ExplainOptions }
  | ClusterInvocation
  | { readonly kind: 'cleanup' }
  | { readonly kind: 'run'; readonly options: RunOptions }
  | { readonly kind: 'status'; readonly socket: string; readonly format: Format }
  | { readonly kind: 'prepare'; readonly config: string | undefined }
  /** Help, the version or a usage error has been printed. */
  | { readonly kind: 'done'; readonly exitCode: number }

interface Flags {
  readonly filename?: string[]
  readonly node?: string
  readonly config?: string
  readonly scope?: Scope
  readonly backend?: string
  readonly state?: string
  readonly output: Format
}

interface DiffFlags extends Flags {
  readonly against?: string[]
}

interface ExplainFlags extends Flags {
  readonly from: string
  readonly to: string
  readonly in?: string
}

interface RunFlags extends Omit<Flags, 'state'> {
  readonly kubeconfig?: string
  readonly state: string
  readonly listen: string
  readonly metricsListen?: string
  readonly statusSocket: string
  readonly logLevel: Level
  readonly cleanupOnExit?: true
}

const LISTEN = '127.0.0.1:10266'
const STATE_FOLDER = '/var/lib/nodelb'

/** The exit code for trouble, as in diff(1), where 1 means "differences". */
export const TROUBLE = 2

/**
 * Parses the command line. Prints help, the version or a usage error itself, and then returns
 * `done`.
 */
export function parseArguments(argv: readonly string[], version: string): Invocation {
  let invocation: Invocation = { kind: 'done', exitCode: 0 }
  const take = (given: Invocation): void => {
    invocation = given
  }
  const program = new Command('nodelb')
    .description(
      'Load balancing for Kubernetes Services on this node: objects in, one flat rule set in the kernel.',
    )
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(usageLine(text)) })
  objectCommands(program, take)
  nodeCommands(program, take)
  clusterCommands(program, take)
  try {
    program.parse(argv as string[], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return { kind: 'done', exitCode: error.exitCode === 0 ? 0 : TROUBLE }
  }
  return invocation
}

type Take = (invocation: Invocation) => void

/** The commands that do something once with objects of files. */
function objectCommands(program: Command, take: Take): void {
  const reading = (kind: 'render' | 'apply', description: string): void => {
    const command = program.command(kind).description(description)
    withFormat(withChoices(withSources(command))).action((flags: Flags) => {
      take({ kind, sources: sourcesOf(flags) })
    })
  }
  reading('render', 'print the rule set as the text that nft (ipvsadm, ip and sysctl) take')
  diffOptions(program.command('diff')).action((flags: DiffFlags) => {
    take({ kind: 'diff', sources: sourcesOf(flags), against: flags.against ?? [] })
  })
  reading('apply', 'read the kernel, plan, commit in one transaction, print one line')
  explainOptions(program.command('explain')).action((flags: ExplainFlags) => {
    const { from, to, in: input } = flags
    take({ kind: 'explain', options: { sources: sourcesOf(flags), from, to, input } })
  })
}

/** The commands about this node as it is. */
function nodeCommands(program: Command, take: Take): void {
  program
    .command('cleanup')
    .description('remove all that nodelb programmed, and nothing else')
    .action(() => take({ kind: 'cleanup' }))
  runOptions(program.command('run')).action((flags: RunFlags) => {
    take({ kind: 'run', options: runOptionsOf(flags) })
  })
  withFormat(withSocket(program.command('status')))
    .description('what the agent that runs here does, and what it cannot do and why')
    .action((flags: RunFlags) => {
      take({ kind: 'status', socket: flags.statusSocket, format: flags.output })
    })
  withConfig(program.command('prepare'))
    .description("set the node's sysctls, for which the agent has no privilege, and end")
    .action((flags: Flags) => take({ kind: 'prepare', config: flags.config }))
}

/** Returns a usage error as one line; commander puts its suggestions on further lines. */
function usageLine(text: string): string {
  const said = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n/g, ' ')
  return `nodelb: ${said}; --help lists what there is\n`
}

const GIVEN = 'where the agent keeps the addresses of these Services; they replace the statuses'

function withSources(command: Command): Command {
  return command
    .exitOverride()
    .requiredOption('-f, --filename <path...>', `${FILES}; - is standard input`)
    .option('--state <folder>', GIVEN)
}

function diffOptions(command: Command): Command {
  return withFormat(withChoices(withSources(command)))
    .description('show what apply would change here; exit 0 nothing, 1 differences, 2 trouble')
    .option(
      '--against <path...>',
      'show what changes from these objects to those, and leave the kernel alone',
    )
}

function explainOptions(command: Command): Command {
  return withFormat(withChoices(command.exitOverride()))
    .description('where a packet goes on this node, by which rules, and why')
    .requiredOption('--from <address>', 'who sends it')
    .requiredOption('--to <address:port>', 'where to; /udp or /sctp behind it if not TCP')
    .option('--in <interface>', 'by which interface it comes in (default: as the routes say)')
    .option('-f, --filename <path...>', `in place of what the kernel holds, ${FILES}`)
    .option('--state <folder>', GIVEN)
}

function runOptions(command: Command): Command {
  return withSocket(withChoices(command))
    .description('follow the cluster, program this node, repair what others break')
    .option('-f, --filename <path...>', `in place of an API server, ${FILES}, which are followed`)
    .addOption(kubeconfigOption().conflicts('filename'))
    .option('--state <folder>', 'where the addresses of Services in files are kept', STATE_FOLDER)
    .option('--listen <host:port>', 'where probes and metrics are answered', LISTEN)
    .option('--metrics-listen <host:port>', 'where metrics alone are answered besides')
    .addOption(logLevelOption())
    .option('--cleanup-on-exit', 'remove all rules at the end (they stay otherwise)')
}

function runOptionsOf(flags: RunFlags): RunOptions {
  const { format: _, ...sources } = sourcesOf(flags)
  const { kubeconfig, state, listen, metricsListen, statusSocket, logLevel } = flags
  const { cleanupOnExit = false } = flags
  return {
    ...sources,
    kubeconfig,
    state,
    listen,
    metricsListen,
    statusSocket,
    logLevel,
    cleanupOnExit,
  }
}

function sourcesOf(flags: Flags): Sources {
  return {
    files: flags.filename ?? [],
    node: flags.node,
    config: flags.config,
    scope: flags.scope,
    backend: flags.backend,
    state: flags.state,
    format: flags.output,
  }
}
