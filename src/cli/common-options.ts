import { type Command, Option } from 'commander'
import { BACKENDS } from '../config/nodelb-config.ts'
import type { Scope } from '../model/node.ts'
import { STATUS_SOCKET } from '../report/status/status-socket.ts'

/** Which objects are read, for which Node, and how it is programmed. */
export interface Choices {
  readonly files: readonly string[]
  readonly node: string | undefined
  readonly config: string | undefined
  readonly scope: Scope | undefined
  readonly backend: string | undefined
}

export type Format = 'text' | 'json'

export const FILES = 'files or folders of Services, EndpointSlices and Nodes (YAML or JSON)'

/** Adds `--config`. */
export function withConfig(command: Command): Command {
  return command
    .exitOverride()
    .option(
      '--config <path>',
      'a KubeProxyConfiguration and/or a NodelbConfiguration: a file, a folder of files, or - for standard input',
    )
}

/** Adds `--output`. */
export function withFormat(command: Command): Command {
  return command
    .exitOverride()
    .addOption(
      new Option('-o, --output <format>', 'text for people, json for programs')
        .choices(['text', 'json'])
        .default('text'),
    )
}

/** Returns `--kubeconfig`. */
export function kubeconfigOption(): Option {
  return new Option(
    '--kubeconfig <file>',
    'how to reach the API server (default: KUBECONFIG, else as a pod of the cluster, else ~/.kube/config)',
  )
}

/** Returns `--log-level`. */
export function logLevelOption(): Option {
  return new Option('--log-level <level>', 'debug reports every commit')
    .choices(['debug', 'info', 'warn', 'error'])
    .default('info')
}

/** Adds the options about the Node and how it is programmed. */
export function withChoices(command: Command): Command {
  return withConfig(
    command.option('--node <name>', 'the Node to render for (environment: NODE_NAME)'),
  )
    .addOption(
      new Option('--scope <scope>', 'what to program (default: load-balancer)').choices([
        'load-balancer',
        'all',
      ]),
    )
    .addOption(
      new Option('--backend <backend>', 'how to program it (default: auto)').choices([...BACKENDS]),
    )
}

/** Adds `--status-socket`. */
export function withSocket(command: Command): Command {
  return command.option(
    '--status-socket <path>',
    'where the agent reports its state',
    STATUS_SOCKET,
  )
}
