import { type Command, Option } from 'commander'
import { withSocket } from './common-options.ts'

/** How `status` asks the agent, and what it shows. */
export interface StatusOptions {
  readonly socket: string
  readonly format: 'text' | 'wide' | 'json'
  /** The only Service to show, `namespace/name` or a name alone; undefined for all. */
  readonly service: string | undefined
  /** True to list every Service, however many there are. */
  readonly all: boolean
  readonly watch: boolean
}

/** What commander makes of the options of `status`. */
export interface StatusFlags {
  readonly statusSocket: string
  readonly output: StatusOptions['format']
  readonly all?: true
  readonly watch?: true
}

/** Adds the options of `status`. */
export function statusCommandOptions(command: Command): Command {
  return withSocket(command.exitOverride())
    .description('what the agent that runs here does, and what it cannot do and why')
    .argument(
      '[service]',
      'show this Service alone, namespace/name or its name, with its endpoints',
    )
    .addOption(
      new Option(
        '-o, --output <format>',
        'text for people, wide with ClusterIPs and ports of the node, json for programs',
      )
        .choices(['text', 'wide', 'json'])
        .default('text'),
    )
    .option('-A, --all', 'list all Services, not only those with an address for clients outside')
    .option('-w, --watch', 'draw it again whenever it changes, until a signal comes')
}

/** Returns what the flags of `status` say. */
export function statusOptionsOf(service: string | undefined, flags: StatusFlags): StatusOptions {
  const { statusSocket: socket, output: format, all = false, watch = false } = flags
  return { socket, format, service, all, watch }
}
