import { parseArguments } from '../../src/cli/arguments.ts'
import type { CommandTree } from '../../src/cli/command-tree.ts'
import { SILENT } from '../support/typed.ts'

/** Returns the commands as they are told to shells and in the manual page. */
export function commandTree(): CommandTree {
  const parsed = parseArguments(['man'], '1.2.3', SILENT)
  if (parsed.kind !== 'about' || parsed.command.kind !== 'man') throw new Error(parsed.kind)
  return parsed.command.tree
}
