import { type Command, Option } from 'commander'
import type { LogLevel } from '../telemetry/json-log.ts'
import {
  type Format,
  kubeconfigOption,
  logLevelOption,
  withConfig,
  withFormat,
} from './common-options.ts'
import { type ClusterOptions, clusterVerbs, type UiOptions } from './kubectl-arguments.ts'

/** The objects whose addresses are allocated. */
export interface AllocateOptions {
  readonly files: readonly string[]
  readonly config: string | undefined
  readonly format: Format
  /** The objects before a change; empty if the statuses in the files say what is in use. */
  readonly against: readonly string[]
  /** The only Service to print, `namespace/name`; undefined for all. */
  readonly service: string | undefined
  /** Where an agent keeps the addresses of these Services; undefined if their statuses count. */
  readonly state: string | undefined
}

/** The objects for which it is said who announces what. */
export interface AnnouncersOptions {
  readonly files: readonly string[]
  readonly config: string | undefined
  readonly format: Format
  /** The Nodes without which it is tried; empty for all as they are. */
  readonly without: readonly string[]
  /** The only Node to print; undefined for all. */
  readonly node: string | undefined
}

/** The options of the controller. */
export interface ControllerOptions {
  readonly config: string | undefined
  /** The kubeconfig; if undefined, it is looked for where kubectl looks, and in the pod. */
  readonly kubeconfig: string | undefined
  /** `host:port` for probes and metrics. */
  readonly listen: string
  readonly logLevel: LogLevel
  /** The namespace of the Lease; if undefined, POD_NAMESPACE or kube-system. */
  readonly namespace: string | undefined
}

/** The commands about the whole cluster. */
export type ClusterInvocation =
  | { readonly kind: 'allocate'; readonly options: AllocateOptions }
  | { readonly kind: 'announcers'; readonly options: AnnouncersOptions }
  | { readonly kind: 'controller'; readonly options: ControllerOptions }
  | { readonly kind: 'cluster'; readonly options: ClusterOptions }
  | { readonly kind: 'ui'; readonly options: UiOptions }

interface AllocateFlags {
  readonly filename?: string[]
  readonly config?: string
  readonly output: Format
  readonly against?: string[]
  readonly service?: string
  readonly state?: string
}

interface AnnouncersFlags {
  readonly filename?: string[]
  readonly config?: string
  readonly output: Format
  readonly without?: string[]
  readonly node?: string
}

const LISTEN = '127.0.0.1:10267'

/** Adds the commands about the whole cluster. */
export function clusterCommands(
  program: Command,
  take: (invocation: ClusterInvocation) => void,
): void {
  allocateCommand(program.command('allocate')).action((flags: AllocateFlags) => {
    take({ kind: 'allocate', options: allocateOptionsOf(flags) })
  })
  announcersCommand(program.command('announcers')).action((flags: AnnouncersFlags) => {
    const { filename = [], config, output, without = [], node } = flags
    const options = { files: filename, config, format: output, without, node }
    take({ kind: 'announcers', options })
  })
  controllerCommand(program.command('controller')).action((options: ControllerOptions) => {
    take({ kind: 'controller', options })
  })
  clusterVerbs(program, {
    asked: (options) => take({ kind: 'cluster', options }),
    ui: (options) => take({ kind: 'ui', options }),
  })
}

const STATE =
  'where an agent without an API server keeps the addresses of these Services: which of them it would keep'

function allocateCommand(command: Command): Command {
  return withFormat(withConfig(command))
    .description('which addresses LoadBalancer Services get or keep, and why; nothing is written')
    .requiredOption(
      '-f, --filename <path...>',
      'files or folders of Services, IPAddressPools, Namespaces, Nodes and EndpointSlices; - is standard input',
    )
    .option('--against <path...>', 'show what changes from these objects to those')
    .option('--service <namespace/name>', 'explain this Service alone')
    .addOption(new Option('--state <folder>', STATE).conflicts('against'))
}

function allocateOptionsOf(flags: AllocateFlags): AllocateOptions {
  const { filename = [], config, output, against = [], service, state } = flags
  return { files: filename, config, format: output, against, service, state }
}

function announcersCommand(command: Command): Command {
  return withFormat(withConfig(command))
    .description('which Node would announce which address, and how and why; nothing is sent')
    .requiredOption(
      '-f, --filename <path...>',
      'files or folders of Services, EndpointSlices, Nodes, IPAddressPools and L2Advertisements; - is standard input',
    )
    .option('--without <node...>', 'show what moves if these Nodes are drained')
    .option('--node <name>', 'show this Node alone')
}

function controllerCommand(command: Command): Command {
  return withConfig(command)
    .description('give addresses to the LoadBalancer Services of the cluster; one replica writes')
    .addOption(kubeconfigOption())
    .option('--namespace <name>', 'where the Lease is (environment: POD_NAMESPACE)')
    .option('--listen <host:port>', 'where probes and metrics are answered', LISTEN)
    .addOption(logLevelOption())
}
