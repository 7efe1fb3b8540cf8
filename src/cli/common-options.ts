import { type Command, Option } from 'commander'

export type Format = 'text' | 'json'

/** Adds `--config`. */
export function withConfig(command: Command): Command {
  return command
    .exitOverride()
    .option('--config <file>', 'a KubeProxyConfiguration and/or a NodelbConfiguration')
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
    'how to reach the API server (default: as a pod of the cluster)',
  )
}

/** Returns `--log-level`. */
export function logLevelOption(): Option {
  return new Option('--log-level <level>', 'debug tells of every commit')
    .choices(['debug', 'info', 'warn', 'error'])
    .default('info')
}
