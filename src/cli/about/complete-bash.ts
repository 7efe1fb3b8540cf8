import { allCommands, type CommandTree, type OptionTree, takingOf } from '../command-tree.ts'
import { NODES_COMMAND } from './nodes-command.ts'

/** Returns the completion for bash (its manual, "Programmable Completion"); files are what is left. */
export function bashCompletion(tree: CommandTree): string {
  const commands = allCommands(tree)
  const top = [...names(tree), 'help', ...flagsOf(tree), '-h', '--help']
  return `# Completion of ${tree.name} for bash.
_${tree.name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${command:+$command }$word" in
${commands.map(([words]) => `      '${words}') command='${words}' ;;`).join('\n')}
    esac
  done
  COMPREPLY=()
  case "$command $before" in
${commands.flatMap(([words, { options }]) => options.flatMap((option) => valuesCase(words, option))).join('\n')}
  esac
  case "$command" in
    '') words='${top.join(' ')}' ;;
${commands.map(([words, command]) => `    '${words}') words='${within(command)}' ;;`).join('\n')}
  esac
  if [[ -z $command || $current == -* || $words != -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -o default -F _${tree.name} ${tree.name}
`
}

function names({ commands, words }: CommandTree): readonly string[] {
  return [...commands.map(({ name }) => name), ...words]
}

function flagsOf({ options }: CommandTree): readonly string[] {
  return options.flatMap(({ flags }) => flags)
}

function within(command: CommandTree): string {
  return [...names(command), ...flagsOf(command), '-h', '--help'].join(' ')
}

/** Returns the line for what stands behind an option; files are completed by bash itself. */
function valuesCase(words: string, option: OptionTree): readonly string[] {
  const taking = takingOf(option)
  const at = option.flags.map((flag) => `'${words} ${flag}'`).join(' | ')
  const line = (reply: string) => [`    ${at}) ${reply}return ;;`]
  switch (taking.kind) {
    case 'nothing':
      return []
    case 'words':
      return line(`COMPREPLY=($(compgen -W '${taking.words.join(' ')}' -- "$current")); `)
    case 'nodes':
      return line(`COMPREPLY=($(compgen -W "$(${NODES_COMMAND})" -- "$current")); `)
    case 'files':
    case 'other':
      return line('')
  }
}
