import { unreachable } from '../../model/unreachable.ts'
import { aboutCommand } from '../about/about.ts'
import { allocateCommand } from '../allocate/allocate.ts'
import { announcersCommand } from '../announcers/announcers.ts'
import { parseArguments } from '../arguments.ts'
import { cleanupCommand } from '../cleanup.ts'
import { applyCommand, renderCommand } from '../commands.ts'
import { diffCommand } from '../diff.ts'
import { explainCommand } from '../explain/explain.ts'
import type { BinaryOutput } from '../output.ts'
import { prepareCommand } from '../prepare.ts'
import { statusCommand } from '../status/status.ts'

/**
 * Runs what a command line asks for: the path of the program, and the words behind it. Returns the exit
 * code.
 */
export async function runProgram(
  [program = '', ...words]: readonly string[],
  version: string,
  output: BinaryOutput,
): Promise<number> {
  // kubectl runs a file of this name as `kubectl nodelb`.
  const isPlugin = /(^|[\\/])kubectl-nodelb$/.test(program)
  const invocation = parseArguments(isPlugin ? ['cluster', ...words] : words, version, output)
  switch (invocation.kind) {
    case 'render':
      return renderCommand(invocation.sources, output)
    case 'diff':
      return diffCommand(invocation.sources, output, invocation.options)
    case 'explain':
      return explainCommand(invocation.options, output)
    case 'apply':
      return applyCommand(invocation.sources, output)
    case 'allocate':
      return allocateCommand(invocation.options, output)
    case 'announcers':
      return announcersCommand(invocation.options, output)
    case 'controller':
    case 'cluster':
    case 'ui':
    case 'run':
      return loadedCommand(invocation, version, output)
    case 'cleanup':
      return cleanupCommand(invocation.config, output)
    case 'status':
      return statusCommand(invocation.options, output)
    case 'prepare':
      return prepareCommand(invocation.config, output)
    case 'about':
      return aboutCommand(invocation.command, version, output)
    case 'done':
      return invocation.exitCode
    default:
      return unreachable(invocation)
  }
}

type Invocation = ReturnType<typeof parseArguments>
type LoadedKind = 'controller' | 'cluster' | 'ui' | 'run'

/** Runs a command that is loaded only when it is called, because it needs half of the program. */
async function loadedCommand(
  invocation: Extract<Invocation, { readonly kind: LoadedKind }>,
  version: string,
  output: BinaryOutput,
): Promise<number> {
  switch (invocation.kind) {
    case 'controller': {
      const { controllerCommand } = await import('../controller.ts')
      return controllerCommand(invocation.options, version, output)
    }
    case 'cluster': {
      const { clusterCommand } = await import('../cluster/cluster.ts')
      return clusterCommand(invocation.options, version, output)
    }
    case 'ui': {
      const { uiCommand } = await import('../cluster/ui.ts')
      return uiCommand(invocation.options, version, output)
    }
    case 'run': {
      const { runCommand } = await import('../run.ts')
      return runCommand(invocation.options, version, output)
    }
    default:
      return unreachable(invocation)
  }
}
