import type { Command } from 'commander'
import type { Scope } from '../model/node.ts'
import type { Level } from '../report/events/occurrence.ts'
import {
  type Choices,
  FILES,
  kubeconfigOption,
  logLevelOption,
  withChoices,
  withSocket,
} from './common-options.ts'

/** The options of the agent. */
export interface RunOptions extends Choices {
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

export interface RunFlags {
  readonly filename?: string[]
  readonly node?: string
  readonly config?: string
  readonly scope?: Scope
  readonly backend?: string
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

/** Adds the options of `run`. */
export function runOptions(command: Command): Command {
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

/** Returns what the flags of `run` say. */
export function runOptionsOf(flags: RunFlags): RunOptions {
  const { filename: files = [], node, config, scope, backend } = flags
  const { kubeconfig, state, listen, metricsListen, statusSocket, logLevel } = flags
  const { cleanupOnExit = false } = flags
  return {
    ...{ files, node, config, scope, backend },
    kubeconfig,
    state,
    listen,
    metricsListen,
    statusSocket,
    logLevel,
    cleanupOnExit,
  }
}
