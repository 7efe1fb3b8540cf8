import { unreachable } from '../../model/unreachable.ts'
import type { AboutCommand } from '../about-arguments.ts'
import type { BinaryOutput } from '../output.ts'
import { bundleCommand } from './bundle.ts'
import { bashCompletion } from './complete-bash.ts'
import { fishCompletion } from './complete-fish.ts'
import { zshCompletion } from './complete-zsh.ts'
import { configCommand, schemaCommand } from './config.ts'
import { manualPage } from './manual.ts'
import { versionsAsJson } from './versions.ts'

const COMPLETIONS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const

/** Runs a command about nodelb itself; returns the exit code. */
export async function aboutCommand(
  command: AboutCommand,
  version: string,
  output: BinaryOutput,
): Promise<number> {
  switch (command.kind) {
    case 'config':
      return configCommand(command.options, output)
    case 'schema':
      return schemaCommand(output)
    case 'bundle':
      return bundleCommand(command.options, version, output)
    case 'version':
      output.out(command.format === 'json' ? await versionsAsJson(version) : `${version}\n`)
      return 0
    case 'completion':
      output.out(COMPLETIONS[command.shell](command.tree))
      return 0
    case 'man':
      output.out(manualPage(command.tree, version))
      return 0
    default:
      return unreachable(command)
  }
}
