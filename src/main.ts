import { writeSync } from 'node:fs'
import pc from 'picocolors'
import packageJson from '../package.json' with { type: 'json' }
import { TROUBLE } from './cli/arguments.ts'
import type { BinaryOutput } from './cli/output.ts'
import { runProgram } from './cli/program/program.ts'

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

// Exit code 1 means "differences", so any other trouble must have another code.
function endWithBug(error: unknown): never {
  const { stack, message } = error instanceof Error ? error : new Error(String(error))
  output.say(`nodelb: a bug: ${stack ?? message}`)
  process.exit(TROUBLE)
}
process.on('uncaughtException', endWithBug)

// The process ends even if something is still open, such as a connection to a server that hangs.
runProgram(process.argv.slice(1), packageJson.version, output).then(
  (code) => process.exit(code),
  endWithBug,
)
