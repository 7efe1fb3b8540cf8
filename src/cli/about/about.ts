import { unreachable } from '../../model/unreachable.ts'
import type { AboutCommand } from '../about-arguments.ts'
import type { Output } from '../output.ts'
import { configCommand, schemaCommand } from './config.ts'

/** Runs a command about nodelb itself; returns the exit code. */
export function aboutCommand(command: AboutCommand, output: Output): number {
  switch (command.kind) {
    case 'config':
      return configCommand(command.options, output)
    case 'schema':
      return schemaCommand(output)
    default:
      return unreachable(command)
  }
}
