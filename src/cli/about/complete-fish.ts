import { allCommands, type CommandTree, type OptionTree, takingOf } from '../command-tree.ts'
import { NODES_COMMAND } from './nodes-command.ts'

/** Returns the completion for fish (its manual, `complete`). */
export function fishCompletion(tree: CommandTree): string {
  const { name, commands, options } = tree
  const first = `complete -c ${name} -n __fish_use_subcommand`
  const lines = [
    ...commands.map((each) => `${first} -xa ${each.name} -d ${quoted(each.description)}`),
    ...options.map((option) => `${first}${optionOf(option)}`),
    ...allCommands(tree).flatMap(([words, command]) => linesOf(name, words, command)),
  ]
  return `# Completion of ${name} for fish.
complete -c ${name} -s h -l help -d 'display help for command'
${lines.join('\n')}
`
}

function linesOf(
  name: string,
  words: string,
  { commands, options, words: given }: CommandTree,
): string[] {
  const seen = words
    .split(' ')
    .map((word) => `__fish_seen_subcommand_from ${word}`)
    .join('; and ')
  const here = `complete -c ${name} -n ${quoted(seen)}`
  return [
    ...commands.map((each) => `${here} -xa ${each.name} -d ${quoted(each.description)}`),
    ...given.map((word) => `${here} -xa ${word}`),
    ...options.map((option) => `${here}${optionOf(option)}`),
  ]
}

function optionOf(option: OptionTree): string {
  const flags = option.flags.map((flag) =>
    flag.startsWith('--') ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`,
  )
  return `${flags.join('')}${valuesOf(option)} -d ${quoted(option.description)}`
}

function valuesOf(option: OptionTree): string {
  const taking = takingOf(option)
  switch (taking.kind) {
    case 'nothing':
      return ''
    case 'words':
      return ` -xa ${quoted(taking.words.join(' '))}`
    case 'nodes':
      return ` -xa ${quoted(`(${NODES_COMMAND})`)}`
    case 'files':
      return ' -rF'
    case 'other':
      return ' -x'
  }
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
