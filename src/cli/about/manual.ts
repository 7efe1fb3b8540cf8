import { present } from '../../model/present.ts'
import { allCommands, type CommandTree, type OptionTree } from '../command-tree.ts'
import { GROUPS, type Help, helpOf } from '../help.ts'

/** Returns the manual page, in the language of man(7). */
export function manualPage(tree: CommandTree, version: string): string {
  const commands = allCommands(tree)
  const lines = [
    `.TH NODELB 1 "" "nodelb ${version}" "User Commands"`,
    '.SH NAME',
    'nodelb \\- load balancing for Kubernetes Services on a node',
    '.SH SYNOPSIS',
    ...['.B nodelb', '.I command', '[\\fIoptions\\fR]'],
    '.SH DESCRIPTION',
    roff(tree.description),
    ...GROUPS.flatMap((group) => [
      `.SH ${group.toUpperCase()}`,
      ...commands
        .filter(([words]) => helpOf(words)?.group === group)
        .flatMap(([words, command]) => commandLines(words, command)),
    ]),
    '.SH EXIT STATUS',
    roff('0: done, or no differences. 1: differences, or not ready. 2: trouble.'),
  ]
  return `${lines.join('\n')}\n`
}

function commandLines(words: string, { description, options }: CommandTree): readonly string[] {
  return [
    `.SS nodelb ${roff(words)}`,
    roff(description),
    ...options.flatMap(optionLines),
    ...exampleLines(present(helpOf(words))),
  ]
}

function optionLines({ flags, argument, description, choices, otherwise }: OptionTree) {
  const said = [
    description,
    ...(choices.length > 0 ? [`One of ${choices.join(', ')}.`] : []),
    ...(otherwise === '' ? [] : [`Default: ${otherwise}.`]),
  ]
  const names = flags.map((flag) => `\\fB${roff(flag)}\\fR`).join(', ')
  const value = argument === '' ? '' : ` \\fI${roff(argument.replace(/[<>]/g, ''))}\\fR`
  return ['.TP', `${names}${value}`, roff(said.join('; '))]
}

function exampleLines({ examples, page }: Help): readonly string[] {
  return [
    '.P',
    `Examples (see ${roff(page)}):`,
    ...['.P', '.RS', '.nf', ...examples.map(roff), '.fi', '.RE'],
  ]
}

/** Writes a text so that roff takes no part of it for a request or an escape. */
function roff(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^[.']/, '\\&$&')
}
