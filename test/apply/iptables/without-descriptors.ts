// Starts a program while only so many descriptors are free (the argument), and prints what became of it.

import { execFileSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { runProgram } from '../../../src/apply/iptables/process.ts'

const echo = { file: '/bin/cat', args: [], input: ['one\n', 'two\n'], onLine: () => undefined }
await runProgram(echo)
execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=64'])
const opened: number[] = []
try {
  for (;;) opened.push(openSync('/dev/null', 'r'))
} catch {
  for (const descriptor of opened.splice(0, Number(process.argv[2]))) closeSync(descriptor)
}
const ended = await runProgram(echo)
for (const descriptor of opened) closeSync(descriptor)
process.stdout.write(`${JSON.stringify([ended, await runProgram(echo)])}\n`)
