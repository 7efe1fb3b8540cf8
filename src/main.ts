import { writeSync } from 'node:fs'
import pc from 'picocolors'
import packageJson from '../package.json' with { type: 'json' }
import { aboutCommand } from './cli/about/about.ts'
import { allocateCommand } from './cli/allocate/allocate.ts'
import { announcersCommand } from './cli/announcers/announcers.ts'
import { parseArguments, TROUBLE } from './cli/arguments.ts'
import { cleanupCommand } from './cli/cleanup.ts'
import { applyCommand, renderCommand } from './cli/commands.ts'
import { diffCommand } from './cli/diff.ts'
import { explainCommand } from './cli/explain/explain.ts'
import type { BinaryOutput } from './cli/output.ts'
import { prepareCommand } from './cli/prepare.ts'
import { statusCommand } from './cli/status/status.ts'
import { unreachable } from './model/unreachable.ts'

const output: BinaryOutput = {
  out: (text) => writeAll(1, Buffer.from(text)),
  bytes: (bytes) => writeAll(1, bytes),
  say: (line) => writeAll(2, Buffer.from(`${line}\n`)),
  colour: pc.isColorSupported && process.stdout.isTTY === true,
  // A terminal that has not been told its width says 0.
  columns: process.stdout.isTTY === true ? process.stdout.columns || 80 : undefined,
}

const NOBODY_WAKES = new Int32Array(new SharedArrayBuffer(4))
const RETRY_MS = 5

/**
 * Writes everything before the process ends, even into a pipe whose reader is slow. A reader that
 * has closed the pipe is ignored; a full disk ends the process.
 */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') return
      if (code !== 'EAGAIN') cannotWrite(fd, code ?? String(error))
      Atomics.wait(NOBODY_WAKES, 0, 0, RETRY_MS)
    }
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the quota is used up',
  EIO: 'the device fails',
  EBADF: 'it is closed',
}

function cannotWrite(fd: number, code: string): never {
  if (fd === 1) output.say(`nodelb: standard output cannot be written: ${REASONS[code] ?? code}`)
  process.exit(TROUBLE)
}

/** Returns the words of the command line; kubectl runs a file of this name as `kubectl nodelb`. */
function wordsGiven(): readonly string[] {
  const [, program = '', ...words] = process.argv
  return /(^|[\\/])kubectl-nodelb$/.test(program) ? ['cluster', ...words] : words
}

async function main(): Promise<number> {
  const invocation = parseArguments(wordsGiven(), packageJson.version)
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
      return loadedCommand(invocation)
    case 'cleanup':
      return cleanupCommand(invocation.config, output)
    case 'status':
      return statusCommand(invocation.options, output)
    case 'prepare':
      return prepareCommand(invocation.config, output)
    case 'about':
      return aboutCommand(invocation.command, packageJson.version, output)
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
): Promise<number> {
  const { version } = packageJson
  switch (invocation.kind) {
    case 'controller': {
      const { controllerCommand } = await import('./cli/controller.ts')
      return controllerCommand(invocation.options, version, output)
    }
    case 'cluster': {
      const { clusterCommand } = await import('./cli/cluster/cluster.ts')
      return clusterCommand(invocation.options, version, output)
    }
    case 'ui': {
      const { uiCommand } = await import('./cli/cluster/ui.ts')
      return uiCommand(invocation.options, version, output)
    }
    case 'run': {
      const { runCommand } = await import('./cli/run.ts')
      return runCommand(invocation.options, version, output)
    }
    default:
      return unreachable(invocation)
  }
}

// Exit code 1 means "differences", so any other trouble must have another code.
function endWithBug(error: unknown): never {
  const { stack, message } = error instanceof Error ? error : new Error(String(error))
  output.say(`nodelb: a bug: ${stack ?? message}`)
  process.exit(TROUBLE)
}
process.on('uncaughtException', endWithBug)

// The process ends even if something is still open, such as a connection to a server that hangs.
main().then((code) => process.exit(code), endWithBug)
