import { type CommandTree, type OptionTree, takingOf } from '../command-tree.ts'
import { NODES_COMMAND } from './nodes-command.ts'

/** Returns the completion for zsh (zshcompsys(1), _arguments and _describe). */
export function zshCompletion({ name, commands, options }: CommandTree): string {
  return `#compdef ${name}
# Completion of ${name} for zsh.
_${name}_nodes() {
  local -a nodes
  nodes=(\${(f)"$(${NODES_COMMAND})"})
  compadd -a nodes
}
_${name}() {
  local -a commands
  if (( CURRENT == 2 )) && [[ $PREFIX != -* ]]; then
    commands=(
${commands.map(({ name, description }) => `      ${quoted(`${name}:${escaped(description)}`)}`).join('\n')}
    )
    _describe command commands
    return
  fi
  case $words[2] in
${commands.map(commandCase).join('\n')}
    *)
      _arguments ${[...options.map(argumentOf), HELP].join(' \\\n        ')}
      ;;
  esac
}
if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`
}

const HELP = "'(-h --help)'{-h,--help}'[display help for command]'"

function commandCase({ name, commands, words, options }: CommandTree): string {
  const below = [...commands.map((each) => each.name), ...words]
  const all = distinct([...commands.flatMap((each) => each.options), ...options])
  const first = below.length === 0 ? [] : [quoted(`1::command:(${below.join(' ')})`)]
  return `    ${name})
      shift words
      (( CURRENT-- ))
      _arguments ${[...first, ...all.map(argumentOf), HELP].join(' \\\n        ')}
      ;;`
}

/** Returns options with each flag once: commands below one may have the same. */
function distinct(options: readonly OptionTree[]): readonly OptionTree[] {
  return [...new Map(options.map((option) => [option.flags.join(' '), option])).values()]
}

/** An option may be given again where it takes more than one value. */
function argumentOf(option: OptionTree): string {
  const { flags, argument, description } = option
  const again = argument.includes('...')
  const [first = '', ...more] = flags
  const exclusive = again ? "'*'" : quoted(`(${flags.join(' ')})`)
  const named = more.length === 0 ? first : `{${flags.join(',')}}`
  return `${exclusive}${named}${quoted(`[${escaped(description)}]${valuesOf(option)}`)}`
}

function valuesOf(option: OptionTree): string {
  const taking = takingOf(option)
  const called = option.argument.replace(/[<>.:]/g, ' ').trim()
  switch (taking.kind) {
    case 'nothing':
      return ''
    case 'words':
      return `:${called}:(${taking.words.join(' ')})`
    case 'nodes':
      return `:${called}:_nodelb_nodes`
    case 'files':
      return `:${called}:_files`
    case 'other':
      return `:${called}: `
  }
}

function escaped(text: string): string {
  return text.replace(/[\\[\]:]/g, '\\$&')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
