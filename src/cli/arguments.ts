import { Command, CommanderError, Option } from 'commander'
import type { Scope } from '../model/node.ts'

export type Format = 'text' | 'json'

/** What render, diff and apply start from. */
export interface Sources {
  readonly files: readonly string[]
  readonly node: string | undefined
  readonly config: string | undefined
  readonly scope: Scope | undefined
  readonly backend: string | undefined
  readonly format: Format
}

export type Invocation =
  | { readonly kind: 'render' | 'diff' | 'apply'; readonly sources: Sources }
  | { readonly kind: 'cleanup' }
  /** Help, the version or a usage error has been printed. */
  | { readonly kind: 'done'; readonly exitCode: number }

interface Flags {
  readonly filename: string[]
  readonly node?: string
  readonly config?: string
  readonly scope?: Scope
  readonly backend?: string
  readonly output: Format
}

/** Exit code for trouble, as diff(1) has it; 1 says "differences". */
export const TROUBLE = 2

export function parseArguments(argv: readonly string[], version: string): Invocation {
  let invocation: Invocation = { kind: 'done', exitCode: 0 }
  const program = new Command('nodelb')
    .description(
      'Load balancing for Kubernetes Services on this node: objects in, one flat rule set in the kernel.',
    )
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(usageLine(text)) })
  const reading = (kind: 'render' | 'diff' | 'apply', description: string): void => {
    const command = program.command(kind).description(description)
    withSources(command).action((flags: Flags) => {
      invocation = { kind, sources: sourcesOf(flags) }
    })
  }
  reading('render', 'print the rule set as nft text (nft --check -f takes it)')
  reading('diff', 'show what apply would change here; exit 0 nothing, 1 differences, 2 trouble')
  reading('apply', 'read the kernel, plan, commit in one transaction, print one line')
  program
    .command('cleanup')
    .description('remove all that nodelb programmed, and nothing else')
    .action(() => {
      invocation = { kind: 'cleanup' }
    })
  try {
    program.parse(argv as string[], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return { kind: 'done', exitCode: error.exitCode === 0 ? 0 : TROUBLE }
  }
  return invocation
}

/** commander puts its suggestions on lines of their own. */
function usageLine(text: string): string {
  const said = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n/g, ' ')
  return `nodelb: ${said}; --help lists what there is\n`
}

function withSources(command: Command): Command {
  return command
    .exitOverride()
    .requiredOption(
      '-f, --filename <path...>',
      'files or folders of Services, EndpointSlices and Nodes (YAML or JSON); - is standard input',
    )
    .option('--node <name>', 'the Node to render for (environment: NODE_NAME)')
    .option('--config <file>', 'a KubeProxyConfiguration and/or a NodelbConfiguration')
    .addOption(
      new Option('--scope <scope>', 'what to program (default: load-balancer)').choices([
        'load-balancer',
        'all',
      ]),
    )
    .addOption(new Option('--backend <backend>', 'how to program it').choices(['nftables']))
    .addOption(
      new Option('-o, --output <format>', 'text for people, json for programs')
        .choices(['text', 'json'])
        .default('text'),
    )
}

function sourcesOf(flags: Flags): Sources {
  return {
    files: flags.filename,
    node: flags.node,
    config: flags.config,
    scope: flags.scope,
    backend: flags.backend,
    format: flags.output,
  }
}
