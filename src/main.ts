import { writeSync } from 'node:fs'
import pc from 'picocolors'
import packageJson from '../package.json' with { type: 'json' }
import { allocateCommand } from './cli/allocate/allocate.ts'
import { announcersCommand } from './cli/announcers/announcers.ts'
import { parseArguments, TROUBLE } from './cli/arguments.ts'
import { cleanupCommand } from './cli/cleanup.ts'
import { applyCommand, renderCommand } from './cli/commands.ts'
import { diffCommand } from './cli/diff.ts'
import { explainCommand } from './cli/explain/explain.ts'
import type { Output } from './cli/output.ts'
import { prepareCommand } from './cli/prepare.ts'
import { statusCommand } from './cli/status/status.ts'
import { unreachable } from './model/unreachable.ts'

const output: Output = {
  out: (text) => writeAll(1, text),
  say: (line) => writeAll(2, `${line}\n`),
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
function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text)
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

async function main(): Promise<number> {
  const invocation = parseArguments(process.argv.slice(2), packageJson.version)
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
      return (await import('./cli/controller.ts')).controllerCommand(
        invocation.options,
        packageJson.version,
        output,
      )
    case 'cleanup':
      return cleanupCommand(invocation.config, output)
    case 'run':
      // It is loaded only for this command, because it needs half of the program.
      return (await import('./cli/run.ts')).runCommand(
        invocation.options,
        packageJson.version,
        output,
      )
    case 'status':
      return statusCommand(invocation.options, output)
    case 'prepare':
      return prepareCommand(invocation.config, output)
    case 'done':
      return invocation.exitCode
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
