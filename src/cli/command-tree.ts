import type { Command, Option } from 'commander'

/** An option of a command, as completion and the manual page show it. */
export interface OptionTree {
  /** `-f` and `--filename`, or one of them. */
  readonly flags: readonly string[]
  /** What stands behind it, such as `<path...>`; empty for a switch. */
  readonly argument: string
  readonly description: string
  readonly choices: readonly string[]
  /** The default; empty if there is none. */
  readonly otherwise: string
}

/** A command with its options and those below it. */
export interface CommandTree {
  readonly name: string
  readonly description: string
  readonly options: readonly OptionTree[]
  /** The words that it takes besides, such as the names of shells. */
  readonly words: readonly string[]
  readonly commands: readonly CommandTree[]
}

/** The names of hidden commands are not told. */
const HIDDEN: readonly string[] = ['version']

/** Returns the commands as a value, from which shells and people are told what there is. */
export function treeOf(command: Command): CommandTree {
  return {
    name: command.name(),
    description: command.description(),
    options: command.options.map(optionOf),
    words: command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
    commands: command.commands.filter((each) => !HIDDEN.includes(each.name())).map(treeOf),
  }
}

function optionOf({ flags, short, long, description, ...option }: Option): OptionTree {
  const { argChoices = [], defaultValue } = option
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    argument: /<.*>/.exec(flags)?.[0] ?? '',
    description,
    choices: argChoices,
    otherwise: typeof defaultValue === 'string' ? defaultValue : '',
  }
}

/** Returns the words of every command with the command: `config` and `config schema`, say. */
export function allCommands(
  { commands }: CommandTree,
  before = '',
): readonly (readonly [string, CommandTree])[] {
  return commands.flatMap((command) => {
    const words = `${before}${command.name}`
    return [[words, command] as const, ...allCommands(command, `${words} `)]
  })
}

/** What an option takes: `words` are its values, `nodes` the names of Nodes. */
type Taking =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'files' }
  | { readonly kind: 'nodes' }
  | { readonly kind: 'other' }

const NODES: readonly string[] = ['--node', '--without']

/** Returns what an option takes, for shells that complete it. */
export function takingOf({ flags, argument, choices }: OptionTree): Taking {
  if (argument === '') return { kind: 'nothing' }
  if (choices.length > 0) return { kind: 'words', words: choices }
  if (flags.some((flag) => NODES.includes(flag))) return { kind: 'nodes' }
  return { kind: /<(path|file|folder)\b/.test(argument) ? 'files' : 'other' }
}
