import { Argument, type Command } from 'commander'
import type { BackendName } from '../config/nodelb-config.ts'
import type { Scope } from '../model/node.ts'
import { type CommandTree, treeOf } from './command-tree.ts'
import {
  FILES,
  type Format,
  kubeconfigOption,
  withChoices,
  withConfig,
  withFormat,
  withSocket,
} from './common-options.ts'
import { withHelp } from './help.ts'

/** What to show of the configuration. */
export interface ConfigOptions {
  readonly config: string | undefined
  readonly node: string | undefined
  readonly scope: Scope | undefined
  readonly backend: BackendName | undefined
  readonly format: Format
}

/** What goes into a bundle. */
export interface BundleOptions {
  /** The file that is written; `-` is standard output. */
  readonly file: string
  /** Whether the objects of the API server go into it. */
  readonly objects: boolean
  /** The files or folders of objects in place of those of the API server. */
  readonly files: readonly string[]
  readonly kubeconfig: string | undefined
  readonly config: string | undefined
  readonly statusSocket: string
  /** `host:port` of the agent's metrics. */
  readonly listen: string
  /** The file with the agent's log; if undefined, it is looked for. */
  readonly log: string | undefined
}

const SHELLS = ['bash', 'zsh', 'fish'] as const

type Shell = (typeof SHELLS)[number]

/** The commands about nodelb itself. */
export type AboutCommand =
  | { readonly kind: 'config'; readonly options: ConfigOptions }
  | { readonly kind: 'schema' }
  | { readonly kind: 'bundle'; readonly options: BundleOptions }
  | { readonly kind: 'completion'; readonly shell: Shell; readonly tree: CommandTree }
  | { readonly kind: 'man'; readonly tree: CommandTree }
  | { readonly kind: 'version'; readonly format: Format }

interface ConfigFlags extends Partial<Omit<ConfigOptions, 'format'>> {
  readonly output: Format
}

export interface AboutInvocation {
  readonly kind: 'about'
  readonly command: AboutCommand
}

interface BundleFlags extends Pick<BundleOptions, 'statusSocket' | 'listen'> {
  readonly output: string
  readonly objects?: true
  readonly filename?: string[]
  readonly kubeconfig?: string
  readonly config?: string
  readonly log?: string
}

/** Adds the commands about nodelb itself, and help. It comes last, because they tell of all others. */
export function aboutCommands(program: Command, take: (invocation: AboutInvocation) => void): void {
  const run = (command: AboutCommand): void => take({ kind: 'about', command })
  const config = withFormat(withChoices(program.command('config')))
    .description('the configuration in force: every field, its value, and where it comes from')
    .action(({ config, node, scope, backend, output: format }: ConfigFlags) => {
      run({ kind: 'config', options: { config, node, scope, backend, format } })
    })
  config
    .command('schema')
    .exitOverride()
    .description('print the JSON Schema of a NodelbConfiguration')
    .action(() => run({ kind: 'schema' }))
  bundleOptions(program.command('bundle')).action((flags: BundleFlags) => {
    run({ kind: 'bundle', options: bundleOptionsOf(flags) })
  })
  program
    .command('completion')
    .exitOverride()
    .description('print the completion of commands and options for a shell')
    .addArgument(new Argument('<shell>').choices([...SHELLS]))
    .action((shell: Shell) => run({ kind: 'completion', shell, tree: treeOf(program) }))
  program
    .command('man')
    .exitOverride()
    .description('print the manual page')
    .action(() => run({ kind: 'man', tree: treeOf(program) }))
  withFormat(program.command('version', { hidden: true }))
    .description('the version; with -o json also those of Node.js and the kernel, and the backend')
    .action(({ output: format }: { readonly output: Format }) => run({ kind: 'version', format }))
  withHelp(program)
}

const VERSION: readonly string[] = ['-V', '--version']

/** Returns the arguments to parse: `--version` is a command, so that it can have options. */
export function wordsOf(argv: readonly string[]): string[] {
  const [first = '', ...rest] = argv
  return VERSION.includes(first) ? ['version', ...rest] : [...argv]
}

function bundleOptions(command: Command): Command {
  return withSocket(withConfig(command))
    .description('write what a report of a bug needs into one file, without secrets')
    .requiredOption('-o, --output <file>', 'the file to write, a .tar.gz; - is standard output')
    .option('--objects', 'add Services, EndpointSlices, Nodes and what MetalLB configures')
    .option('-f, --filename <path...>', `add these objects: ${FILES}`)
    .addOption(kubeconfigOption())
    .option('--listen <host:port>', 'where the agent answers with its metrics', '127.0.0.1:10266')
    .option('--log <file>', "the agent's log (default: what the container runtime keeps of it)")
}

function bundleOptionsOf(flags: BundleFlags): BundleOptions {
  const { output: file, objects = false, filename: files = [], statusSocket, listen } = flags
  const { kubeconfig, config, log } = flags
  return { file, objects, files, kubeconfig, config, statusSocket, listen, log }
}
