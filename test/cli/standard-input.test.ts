import { execFileSync, spawn } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

/** Standard input that its owner made non-blocking, as ssh and other programs leave it. */

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'nodelb-stdin-'))
afterAll(() => rmSync(folder, { recursive: true }))

const node = join(folder, 'node')
const input = join(folder, 'input')
const objects = `${root}fixtures/load-balancer/input.yaml`
execFileSync('mkfifo', [node, input])

/** Starts a program for each line, so that the lines come one after the other. */
const SLOWLY = 'while IFS= read -r line; do /bin/echo "$line"; done'

/**
 * Runs the program with the Node in a pipe: when it has read that, it goes on to standard input, where
 * nothing is yet.
 */
async function nodelb(...args: readonly string[]) {
  const reader = openSync(input, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(input, constants.O_WRONLY)
  const command = [process.execPath, '--import', 'tsx', 'src/main.ts', ...args, '-f', node, '-']
  // What Node.js starts has a blocking standard input, but the shell leaves its own as it is.
  const child = spawn('sh', ['-c', 'exec "$@" <&3', 'sh', ...command], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe', reader],
  })
  closeSync(reader)
  const [out, err] = [text(child.stdout as Readable), text(child.stderr as Readable)]
  const ended = new Promise((resolve) => child.once('close', resolve))
  await writeFile(node, readFileSync(`${root}fixtures/load-balancer/node.yaml`))
  const from = openSync(objects, 'r')
  spawn('sh', ['-c', SLOWLY], { stdio: [from, writer, 'ignore'] })
  closeSync(from)
  closeSync(writer)
  return { code: await ended, out: await out, err: await err }
}

test.each([['render', '--node', 'node-a'], ['allocate'], ['announcers']])(
  '%s waits for a writer that is slow',
  async (...args) => {
    const { code, out, err } = await nodelb(...args)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('203.0.113.10')
  },
)
