import { Command, CommanderError, Option } from 'commander'
import type { Scope } from '../model/node.ts'
import { type AboutInvocation, aboutCommands, wordsOf } from './about-arguments.ts'
import { type ClusterInvocation, clusterCommands } from './cluster-arguments.ts'
import {
  type Choices,
  FILES,
  type Format,
  withChoices,
  withConfig,
  withFormat,
} from './common-options.ts'
import type { Output } from './output.ts'
import { type RunFlags, type RunOptions, runOptions, runOptionsOf } from './run-arguments.ts'
import {
  type StatusFlags,
  type StatusOptions,
  statusCommandOptions,
  statusOptionsOf,
} from './status-arguments.ts'

/** The input of render, diff and apply. */
export interface Sources extends Choices {
  /** The folder in which the agent keeps the addresses that it gave to the Services. */
  readonly state?: string | undefined
  readonly format: Format
}

/** How `diff` compares, and how it shows it. */
export interface DiffOptions {
  /** Objects to compare with; the kernel if there are none. */
  readonly against?: readonly string[]
  /** True to show each operation below its Service. */
  readonly full?: boolean
  readonly markdown?: boolean
}

/** The packet to explain, and the rules that it meets. */
export interface ExplainOptions {
  /** The files; without any, what the kernel holds is explained. */
  readonly sources: Sources
  /** Undefined if the node itself asks. */
  readonly from: string | undefined
  readonly to: string
  /** True to show the rules. */
  readonly full: boolean
  /** The interface on which the packet comes in; if undefined, the routes decide. */
  readonly input: string | undefined
}

type Invocation =
  | { readonly kind: 'render' | 'apply'; readonly sources: Sources }
  | { readonly kind: 'diff'; readonly sources: Sources; readonly options: DiffOptions }
  | { readonly kind: 'explain'; readonly options: ExplainOptions }
  | ClusterInvocation
  | AboutInvocation
  | { readonly kind: 'run'; readonly options: RunOptions }
  | { readonly kind: 'status'; readonly options: StatusOptions }
  | { readonly kind: 'prepare' | 'cleanup'; readonly config: string | undefined }
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

interface DiffFlags extends Omit<Flags, 'output'> {
  readonly against?: string[]
  readonly full?: true
  readonly output: Format | 'markdown'
}

interface ExplainFlags extends Flags {
  readonly from?: string
  readonly to: string
  readonly full?: true
  readonly in?: string
}

/** The exit code for trouble, as in diff(1), where 1 means "differences". */
export const TROUBLE = 2

/**
 * Parses the command line. Prints help, the version or a usage error itself, and then returns
 * `done`.
 */
export function parseArguments(
  argv: readonly string[],
  version: string,
  output: Pick<Output, 'out' | 'say'>,
): Invocation {
  let invocation: Invocation = { kind: 'done', exitCode: 0 }
  const take = (given: Invocation): void => {
    invocation = given
  }
  const program = new Command('nodelb')
    .description(
      'Load balancing for Kubernetes Services on this node: objects in, one flat rule set in the kernel.',
    )
    .version(version, '-V, --version', 'the version; with -o json also of what it runs on')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.out(text),
      writeErr: (text) => output.say(text.trimEnd()),
      outputError: (text, write) => write(usageLine(text)),
    })
  objectCommands(program, take)
  nodeCommands(program, take)
  clusterCommands(program, take)
  aboutCommands(program, take)
  try {
    program.parse(wordsOf(argv), { from: 'user' })
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
    const { against = [], full = false, output } = flags
    const markdown = output === 'markdown'
    const sources = sourcesOf({ ...flags, output: markdown ? 'text' : output })
    take({ kind: 'diff', sources, options: { against, full, markdown } })
  })
  reading('apply', 'read the kernel, plan, commit in one transaction, print one line')
  explainOptions(program.command('explain')).action((flags: ExplainFlags) => {
    const { from, to, full = false, in: input } = flags
    take({ kind: 'explain', options: { sources: sourcesOf(flags), from, to, full, input } })
  })
}

/** The commands about this node as it is. */
function nodeCommands(program: Command, take: Take): void {
  withConfig(program.command('cleanup'))
    .description('remove all that nodelb programmed, and nothing else')
    .action((flags: Flags) => take({ kind: 'cleanup', config: flags.config }))
  runOptions(program.command('run')).action((flags: RunFlags) => {
    take({ kind: 'run', options: runOptionsOf(flags) })
  })
  statusCommandOptions(program.command('status')).action(
    (service: string | undefined, flags: StatusFlags) => {
      take({ kind: 'status', options: statusOptionsOf(service, flags) })
    },
  )
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
  return `nodelb: ${said}; --help lists what there is`
}

const GIVEN = 'where the agent keeps the addresses of these Services; they replace the statuses'

function withSources(command: Command): Command {
  return command
    .exitOverride()
    .requiredOption('-f, --filename <path...>', `${FILES}; - is standard input`)
    .option('--state <folder>', GIVEN)
}

function diffOptions(command: Command): Command {
  return withChoices(withSources(command))
    .addOption(
      new Option(
        '-o, --output <format>',
        'text for people, json for programs, markdown for pull requests',
      )
        .choices(['text', 'json', 'markdown'])
        .default('text'),
    )
    .description('show what apply would change here; exit 0 nothing, 1 differences, 2 trouble')
    .option('--full', 'show each operation below its Service')
    .option(
      '--against <path...>',
      'show what changes from these objects to those, and leave the kernel alone',
    )
}

function explainOptions(command: Command): Command {
  return withFormat(withChoices(command.exitOverride()))
    .description('where a packet goes on this node, by which rules, and why')
    .option('--from <address>', 'who sends it (default: this node)')
    .requiredOption(
      '--to <address:port>',
      'where to, /udp or /sctp behind it if not TCP; or namespace/name of a Service, or namespace/name:port, for each of its addresses',
    )
    .option('--full', 'show the rules that do something to it')
    .option('--in <interface>', 'by which interface it comes in (default: as the routes say)')
    .option('-f, --filename <path...>', `in place of what the kernel holds, ${FILES}`)
    .option('--state <folder>', GIVEN)
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
