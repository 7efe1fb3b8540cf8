import { unreachable } from '../../model/unreachable.ts'
import type { AboutCommand } from '../about-arguments.ts'
import type { BinaryOutput } from '../output.ts'
import { bundleCommand } from './bundle.ts'
import { configCommand, schemaCommand } from './config.ts'

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
    default:
      return unreachable(command)
  }
}
