import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'
import { asShown, type Block, blocksOf, isRun, pages, stepsOf } from '../support/pages.ts'

/**
 * The pages are scripts: what they type is run, what they show is what comes, on a machine with nothing in its
 * kernel and the program built. test/support/pages.ts says which blocks are left out.
 */

const root = fileURLToPath(new URL('../../', import.meta.url))
// Commands write files where they stand, which is not to be the tree.
const folder = mkdtempSync(join(tmpdir(), 'nodelb-pages-'))
const clone = join(folder, 'clone')
const programs = join(folder, 'programs')
for (const each of [clone, programs, join(folder, 'home')]) mkdirSync(each)
for (const name of readdirSync(root)) symlinkSync(join(root, name), join(clone, name))
for (const name of ['nodelb', 'kubectl-nodelb']) {
  symlinkSync(join(root, 'dist', 'nodelb.js'), join(programs, name))
}
const env = { PATH: `${programs}:${process.env['PATH']}`, HOME: join(folder, 'home') }

beforeEach(async () => {
  enterNewNetwork()
  await execa('ip', ['link', 'set', 'lo', 'up'])
})
afterAll(() => rmSync(folder, { recursive: true }))

const ENDING = "trap 'jobs -p | xargs -r kill' EXIT"

/** What is left of a step where the page is right. */
const RIGHT = { code: 0, told: '', shown: '', stderr: '' }

async function runStep(command: string, shown: string | undefined, cwd: string) {
  const script = `${ENDING}\n${command}`
  const { exitCode, stdout, stderr } = await execa('bash', ['-c', script], {
    ...{ cwd, env, reject: false },
  })
  if (shown === undefined) return { ...RIGHT, code: exitCode, stderr }
  const seen = asShown(stdout === '' ? '' : `${stdout}\n`, shown)
  return { ...RIGHT, ...(seen.told === seen.shown ? {} : seen), stderr }
}

function folderOf({ mark }: Block): string {
  return join(clone, mark.replace(/^in /, ''))
}

const run = pages.map((page) => [page, blocksOf(page).filter(isRun)] as const)

test.each(run.filter(([, blocks]) => blocks.length > 0))('%s is right', async (_, blocks) => {
  for (const block of blocks) {
    for (const { command, shown } of stepsOf(block)) {
      const at = `${block.page}:${block.line}: ${command}`
      expect({ at, ...(await runStep(command, shown, folderOf(block))) }).toEqual({ at, ...RIGHT })
    }
  }
})

test('most pages have something to try', () => {
  const blocks = run.flatMap(([, each]) => each)
  expect(blocks.length).toBeGreaterThan(25)
})
